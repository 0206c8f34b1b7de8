// iam-simulate over one saved account: `node iam_simulate.mjs ACCOUNT.json` prints JSON.
// Every user, with a plain access key, asks for every role: what its own policies and the role's trust say.
import { readFileSync } from 'node:fs'
import { runSimulation } from '@cloud-copilot/iam-simulate'

const { gaad } = JSON.parse(readFileSync(process.argv[2], 'utf8'))
const account = '111122223333'
const simulation = (user, role) => ({
  request: {
    principal: user.Arn,
    action: 'sts:AssumeRole',
    resource: { resource: role.Arn, accountId: account },
    contextVariables: {},
  },
  identityPolicies: user.UserPolicyList.map((each) => ({ name: each.PolicyName, policy: each.PolicyDocument })),
  serviceControlPolicies: [],
  resourceControlPolicies: [],
  resourcePolicy: role.AssumeRolePolicyDocument,
})

// The first loads what the library knows of each action.
await runSimulation(simulation(gaad.UserDetailList[0], gaad.RoleDetailList[0]), {})
const begun = performance.now()
let allowed = 0
let asked = 0
for (const user of gaad.UserDetailList) {
  for (const role of gaad.RoleDetailList) {
    const answer = await runSimulation(simulation(user, role), {})
    if (answer.resultType === 'error') throw new Error(JSON.stringify(answer.errors))
    asked += 1
    allowed += answer.overallResult === 'Allowed'
  }
}
console.log(JSON.stringify({ seconds: (performance.now() - begun) / 1000, asked, allowed }))
