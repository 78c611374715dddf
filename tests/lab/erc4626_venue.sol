// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.24;

import {ERC20} from "@openzeppelin/contracts/token/ERC20/ERC20.sol";
import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {ERC4626} from "@openzeppelin/contracts/token/ERC20/extensions/ERC4626.sol";
import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";

/// OpenZeppelin's ERC-4626 vault with two knobs that tests turn: a loss, and a part of the assets that is lent out
/// and cannot be withdrawn now. (A gain needs no knob: mint the asset to this address.)
contract Erc4626Venue is ERC4626 {
    address private constant DEAD = 0x000000000000000000000000000000000000dEaD;
    uint256 public lentOut;

    constructor(IERC20 asset_) ERC20("Lab savings", "SAVE") ERC4626(asset_) {}

    function lose(uint256 assets) external {
        IERC20(asset()).transfer(DEAD, assets);
    }

    function setLentOut(uint256 assets) external {
        lentOut = assets;
    }

    function liquid() public view returns (uint256) {
        uint256 held = totalAssets();
        return held > lentOut ? held - lentOut : 0;
    }

    function maxWithdraw(address owner) public view override returns (uint256) {
        return Math.min(super.maxWithdraw(owner), liquid());
    }

    function maxRedeem(address owner) public view override returns (uint256) {
        return Math.min(super.maxRedeem(owner), _convertToShares(liquid(), Math.Rounding.Floor));
    }
}
