// Starts `stratc lsp` and lets it speak: all that this extension knows of the language is how to colour it.

const { commands, window, workspace } = require("vscode");
const { LanguageClient } = require("vscode-languageclient/node");

let client;

async function start() {
  const settings = workspace.getConfiguration("stratc");
  const command = settings.get("command") || "stratc";
  client = new LanguageClient(
    "stratc",
    "stratc",
    { command, args: ["lsp"] },
    {
      documentSelector: [{ language: "strat" }],
      initializationOptions: { verifyOnSave: settings.get("verifyOnSave") !== false },
    },
  );
  try {
    await client.start();
  } catch (error) {
    client = undefined;
    const help = "Install it with: pip install 'stratc[lsp]', or set `stratc.command` to where it is.";
    window.showErrorMessage(`\`${command} lsp\` does not start: ${error.message ?? error}. ${help}`);
  }
}

async function stop() {
  const stopped = client;
  client = undefined;
  await stopped?.stop();
}

async function restart() {
  await stop();
  await start();
}

function verifyNow() {
  const document = window.activeTextEditor?.document;
  if (client && document?.languageId === "strat") {
    return commands.executeCommand("stratc.verify", document.uri.toString());
  }
}

async function activate(context) {
  context.subscriptions.push(
    commands.registerCommand("stratc.verifyNow", verifyNow),
    commands.registerCommand("stratc.restart", restart),
    workspace.onDidChangeConfiguration((event) => event.affectsConfiguration("stratc") && restart()),
  );
  await start();
}

module.exports = { activate, deactivate: stop };
