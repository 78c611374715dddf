// A Chainlink CRE workflow: at each tick it asks the receiver what is due, and reports that to it.
// The receiver and the vault check everything again; this decides nothing but the moment.
import {
	bytesToHex,
	cre,
	encodeCallMsg,
	hexToBase64,
	LATEST_BLOCK_NUMBER,
	prepareReportRequest,
	Runner,
	type Runtime,
} from '@chainlink/cre-sdk'
import { decodeFunctionResult, encodeFunctionData, parseAbi, type Address, zeroAddress } from 'viem'

type Config = {
	schedule: string
	chainSelectorName: keyof typeof cre.capabilities.EVMClient.SUPPORTED_CHAIN_SELECTORS
	receiverAddress: Address
	writeGasLimit: string
}

const RECEIVER = parseAbi(['function checkUpkeep(bytes) view returns (bool, bytes)'])

const onTick = (runtime: Runtime<Config>): string => {
	const { chainSelectorName, receiverAddress, writeGasLimit } = runtime.config
	const { EVMClient } = cre.capabilities
	const client = new EVMClient(EVMClient.SUPPORTED_CHAIN_SELECTORS[chainSelectorName])
	const data = encodeFunctionData({ abi: RECEIVER, functionName: 'checkUpkeep', args: ['0x'] })
	const answer = client
		.callContract(runtime, {
			call: encodeCallMsg({ from: zeroAddress, to: receiverAddress, data }),
			blockNumber: LATEST_BLOCK_NUMBER,
		})
		.result()
	const [due, duty] = decodeFunctionResult({
		abi: RECEIVER,
		functionName: 'checkUpkeep',
		data: bytesToHex(answer.data),
	})
	if (!due) return 'nothing is due'
	const report = runtime.report(prepareReportRequest(duty)).result()
	const written = client
		.writeReport(runtime, { receiver: receiverAddress, report, gasConfig: { gasLimit: writeGasLimit } })
		.result()
	return `duty ${duty}: ${bytesToHex(written.txHash ?? new Uint8Array())}`
}

const initWorkflow = (config: Config) => [
	cre.handler(new cre.capabilities.CronCapability().trigger({ schedule: config.schedule }), onTick),
]

export async function main() {
	const runner = await Runner.newRunner<Config>()
	await runner.run(initWorkflow)
}
