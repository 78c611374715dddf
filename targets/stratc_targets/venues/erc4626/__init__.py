"""Any ERC-4626 vault over one asset, valued by `convertToAssets` of the shares held."""
