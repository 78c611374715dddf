// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.24;

import {ERC20} from "@openzeppelin/contracts/token/ERC20/ERC20.sol";
import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {ERC4626} from "@openzeppelin/contracts/token/ERC20/extensions/ERC4626.sol";

/// OpenZeppelin's ERC-4626 as it comes: no price, no role, no lock, no strategy.
contract BareVault is ERC4626 {
    constructor(IERC20 asset_) ERC20("Bare", "BARE") ERC4626(asset_) {}
}
