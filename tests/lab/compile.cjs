// Compiles one Solidity file with a solc of npm: node compile.cjs NODE_MODULES COMPILER FILE NAME CONTRACT EVM_VERSION
// COMPILER is the package's folder, NAME what relative imports of the file are relative to, as in NODE_MODULES.
// Prints {"abi": [...], "bytecode": "hex"}; exits 1 with the compiler's errors on stderr.
const fs = require('fs');
const path = require('path');
const [modules, compiler, file, name, contract, evmVersion] = process.argv.slice(2);
const solc = require(path.join(modules, compiler));

const input = {
  language: 'Solidity',
  sources: { [name]: { content: fs.readFileSync(file, 'utf8') } },
  settings: {
    evmVersion,
    optimizer: { enabled: true, runs: 200 },
    outputSelection: { '*': { [contract]: ['abi', 'evm.bytecode.object'] } },
  },
};
// Chainlink's sources name the versions of OpenZeppelin's that its package brings along under other names.
const installed = (wanted) => wanted.replace(/^(@openzeppelin\/contracts)@([0-9.]+)\//, '$1-$2/');
const findImports = (wanted) => ({ contents: fs.readFileSync(path.join(modules, installed(wanted)), 'utf8') });
const output = JSON.parse(solc.compile(JSON.stringify(input), { import: findImports }));
const errors = (output.errors || []).filter((e) => e.severity === 'error');
if (errors.length) {
  process.stderr.write(errors.map((e) => e.formattedMessage).join('\n'));
  process.exit(1);
}
const built = output.contracts[name][contract];
process.stdout.write(JSON.stringify({ abi: built.abi, bytecode: built.evm.bytecode.object }));
