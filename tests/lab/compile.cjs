// Compiles one Solidity file with npm's solc: node compile.cjs NODE_MODULES FILE CONTRACT EVM_VERSION
// Prints {"abi": [...], "bytecode": "hex"}; exits 1 with the compiler's errors on stderr.
const fs = require('fs');
const path = require('path');
const [modules, file, contract, evmVersion] = process.argv.slice(2);
const solc = require(path.join(modules, 'solc'));

const input = {
  language: 'Solidity',
  sources: { [path.basename(file)]: { content: fs.readFileSync(file, 'utf8') } },
  settings: {
    evmVersion,
    optimizer: { enabled: true, runs: 200 },
    outputSelection: { '*': { [contract]: ['abi', 'evm.bytecode.object'] } },
  },
};
const findImports = (name) => ({ contents: fs.readFileSync(path.join(modules, name), 'utf8') });
const output = JSON.parse(solc.compile(JSON.stringify(input), { import: findImports }));
const errors = (output.errors || []).filter((e) => e.severity === 'error');
if (errors.length) {
  process.stderr.write(errors.map((e) => e.formattedMessage).join('\n'));
  process.exit(1);
}
const built = output.contracts[path.basename(file)][contract];
process.stdout.write(JSON.stringify({ abi: built.abi, bytecode: built.evm.bytecode.object }));
