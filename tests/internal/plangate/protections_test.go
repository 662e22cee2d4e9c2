package plangate

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	"mediaserver/tests/internal/inventory"
)

// inputs reads the properties of a resource from JSON.
func inputs(t *testing.T, text string) map[string]any {
	t.Helper()
	var read map[string]any
	if err := json.Unmarshal([]byte(text), &read); err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	return read
}

// update is a step that changes a resource in place, with its inputs as JSON.
func update(t *testing.T, resourceType, before, after string) Step {
	t.Helper()
	return Step{
		Operation: "update", URN: "urn:pulumi:dev::mediaserver::" + resourceType + "::it",
		Before: &State{Custom: true, Inputs: inputs(t, before)},
		After:  &State{Custom: true, Inputs: inputs(t, after)},
	}
}

// dangers judges a plan of these steps in a stack that exists, and returns what makes each dangerous.
func dangers(t *testing.T, steps ...Step) []string {
	t.Helper()
	return dangersOf(Plan{Steps: steps, ChangeSummary: map[string]int{"same": 30}})
}

// dangersOf judges a plan, and returns what makes each change dangerous.
func dangersOf(plan Plan) []string {
	var found []string
	for _, change := range Judge(plan, "", nil).Changes {
		for _, danger := range change.Dangers {
			found = append(found, danger.What+" "+danger.Because)
		}
	}
	return found
}

const (
	policyOfOne   = `{"policy": "{\"Version\": \"2012-10-17\", \"Statement\": [{\"Effect\": \"Allow\", \"Action\": \"s3:GetObject\", \"Resource\": \"arn:aws:s3:::media/*\"}]}"`
	policyOfTwo   = `{"policy": "{\"Version\": \"2012-10-17\", \"Statement\": [{\"Effect\": \"Allow\", \"Action\": [\"s3:GetObject\", \"s3:PutObject\"], \"Resource\": \"arn:aws:s3:::media/*\"}]}"`
	unknownPolicy = `{"policy": "04da6b54-80e4-46f7-96ec-b56ff0331ba9"`
	secretPolicy  = `{"policy": "[secret]"`
)

func ingress(rules string) string { return `{"ingress": [` + rules + `]}` }

func lifecycle(rules string) string { return `{"bucket": "media", "rules": [` + rules + `]}` }

// oldVersions is the lifecycle of the stack with the setting oldVersionDays.
func oldVersions(days int) string {
	if days == 0 {
		return lifecycle(`{"id": "a", "status": "Enabled", "filter": {}, "transitions": [{"days": 30}]}`)
	}
	return lifecycle(fmt.Sprintf(`{"id": "a", "status": "Enabled", "filter": {}, "transitions": [{"days": 30}],
		"expiration": {"expiredObjectDeleteMarker": true}, "noncurrentVersionExpiration": {"noncurrentDays": %d}}`, days))
}

func TestAChangeInPlaceThatTakesProtectionAwayIsDangerous(t *testing.T) {
	const (
		bucket      = "aws:s3/bucketV2:BucketV2"
		versioning  = "aws:s3/bucketVersioningV2:BucketVersioningV2"
		access      = "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock"
		encryption  = "aws:s3/bucketServerSideEncryptionConfigurationV2:BucketServerSideEncryptionConfigurationV2"
		expiry      = "aws:s3/bucketLifecycleConfigurationV2:BucketLifecycleConfigurationV2"
		group       = "aws:ec2/securityGroup:SecurityGroup"
		role        = "aws:iam/role:Role"
		rolePolicy  = "aws:iam/rolePolicy:RolePolicy"
		attachment  = "aws:iam/rolePolicyAttachment:RolePolicyAttachment"
		pullPolicy  = "aws:ecr/repositoryPolicy:RepositoryPolicy"
		repository  = "aws:ecr/repository:Repository"
		parameter   = "aws:ssm/parameter:Parameter"
		balancer    = "aws:lb/loadBalancer:LoadBalancer"
		listener    = "aws:lb/listener:Listener"
		certificate = "aws:acm/certificate:Certificate"
		record      = "aws:route53/record:Record"
		service     = "aws:ecs/service:Service"
		definition  = "aws:ecs/taskDefinition:TaskDefinition"
		logGroup    = "aws:cloudwatch/logGroup:LogGroup"
		dashboard   = "aws:cloudwatch/dashboard:Dashboard"
		targetGroup = "aws:lb/targetGroup:TargetGroup"
	)
	const all90 = `{"id": "a", "status": "Enabled", "filter": {}, "expiration": {"days": 90}}`
	const port80 = `{"protocol": "tcp", "fromPort": 80, "toPort": 80, "cidrBlocks": ["0.0.0.0/0"]}`
	const port3000 = `{"protocol": "tcp", "fromPort": 3000, "toPort": 3000, "securityGroups": ["sg-1"]}`
	const kms = `{"rules": [{"applyServerSideEncryptionByDefault": {"sseAlgorithm": "aws:kms", "kmsMasterKeyId": "a"}}]}`
	sse := func(algorithm string) string {
		return `{"rules": [{"applyServerSideEncryptionByDefault": {"sseAlgorithm": "` + algorithm + `"}}]}`
	}
	for _, each := range []struct {
		what, resourceType, before, after string
		// want is what the gate says of it: nothing means that it passes.
		want []string
	}{
		{"versioning goes on", versioning, `{"versioningConfiguration": {"status": "Enabled"}}`, `{"versioningConfiguration": {"status": "Enabled"}, "tags": {}}`, nil},
		{"versioning begins", versioning, `{"versioningConfiguration": {"status": "Suspended"}}`, `{"versioningConfiguration": {"status": "Enabled"}}`, nil},
		{"versioning suspended", versioning, `{"versioningConfiguration": {"status": "Enabled"}}`, `{"versioningConfiguration": {"status": "Suspended"}}`, []string{"versioningConfiguration.status: Enabled → Suspended"}},
		{"versioning gone", versioning, `{"versioningConfiguration": {"status": "Enabled"}}`, `{}`, []string{"versioningConfiguration.status: Enabled → not set"}},
		{"versioning not known", versioning, `{"versioningConfiguration": {"status": "Enabled"}}`, `{"versioningConfiguration": {"status": "04da6b54-80e4-46f7-96ec-b56ff0331ba9"}}`, []string{"versioningConfiguration.status: Enabled → not known yet"}},
		{"all of versioning not known", versioning, `{"versioningConfiguration": {"status": "Enabled"}}`, `{"versioningConfiguration": "04da6b54-80e4-46f7-96ec-b56ff0331ba9"}`, []string{
			"versioningConfiguration.status: Enabled → not known yet"}},
		{"versioning in a list", versioning, `{"versioningConfiguration": [{"status": "Enabled"}]}`, `{"versioningConfiguration": [{"status": "Suspended"}]}`, []string{"versioningConfiguration.status: Enabled → Suspended"}},
		{"no second factor", versioning, `{"versioningConfiguration": {"status": "Enabled", "mfaDelete": "Enabled"}}`, `{"versioningConfiguration": {"status": "Enabled", "mfaDelete": "Disabled"}}`, []string{"versioningConfiguration.mfaDelete: Enabled → Disabled"}},

		{"every flag off", access, `{"blockPublicAcls": true, "blockPublicPolicy": true, "ignorePublicAcls": true, "restrictPublicBuckets": true}`, `{"blockPublicAcls": false, "blockPublicPolicy": false, "ignorePublicAcls": "[secret]"}`, []string{
			"blockPublicAcls: true → false", "blockPublicPolicy: true → false", "ignorePublicAcls: true → a secret", "restrictPublicBuckets: true → not set"}},
		{"flags on", access, `{"blockPublicAcls": false}`, `{"blockPublicAcls": true, "blockPublicPolicy": true}`, nil},

		{"stronger encryption", encryption, sse("AES256"), sse("aws:kms"), nil},
		{"strongest encryption", encryption, sse("aws:kms"), sse("aws:kms:dsse"), nil},
		{"weaker encryption", encryption, sse("aws:kms"), sse("AES256"), []string{"rules.applyServerSideEncryptionByDefault.sseAlgorithm: aws:kms → AES256"}},
		{"slightly weaker encryption", encryption, sse("aws:kms:dsse"), sse("aws:kms"), []string{"rules.applyServerSideEncryptionByDefault.sseAlgorithm: aws:kms:dsse → aws:kms"}},
		{"no encryption", encryption, sse("AES256"), `{"rules": []}`, []string{"rules.applyServerSideEncryptionByDefault.sseAlgorithm: AES256 → not set"}},
		{"two rules of encryption", encryption, sse("AES256"), `{"rules": [{"applyServerSideEncryptionByDefault": {"sseAlgorithm": "AES256"}}, {}]}`, []string{"rules.applyServerSideEncryptionByDefault.sseAlgorithm: AES256 → not set"}},
		{"a key of one's own", encryption, sse("aws:kms"), kms, nil},
		{"no key of one's own", encryption, kms, sse("aws:kms"), []string{"rules.applyServerSideEncryptionByDefault.kmsMasterKeyId: a → not set"}},
		{"another key", encryption, kms, strings.ReplaceAll(kms, `"a"`, `"b"`), []string{"rules.applyServerSideEncryptionByDefault.kmsMasterKeyId: a → b"}},

		{"media moves elsewhere", expiry, lifecycle(`{"id": "a", "status": "Enabled", "transitions": [{"days": 90}]}`), lifecycle(`{"id": "a", "status": "Enabled", "transitions": [{"days": 30}]}`), nil},
		{"media expires", expiry, lifecycle(``), lifecycle(all90), []string{"rules: files never expire → files expire after 90 days"}},
		{"media expires, disabled", expiry, lifecycle(``), lifecycle(strings.ReplaceAll(all90, "Enabled", "Disabled")), nil},
		{"media expires later", expiry, lifecycle(all90), lifecycle(strings.ReplaceAll(all90, "90", "91")), nil},
		{"media expires no more", expiry, lifecycle(all90), lifecycle(``), nil},
		{"media expires sooner", expiry, lifecycle(all90), lifecycle(strings.ReplaceAll(all90, "90", "89")), []string{"rules: files expire after 90 days → files expire after 89 days"}},
		{"some media expires sooner", expiry, lifecycle(all90), lifecycle(all90 + `, {"id": "b", "status": "Enabled", "filter": {"prefix": "x"}, "expiration": {"days": 1}}`), []string{
			`rules: files expire after 90 days → files with the filter {"prefix":"x"} expire after 1 day`}},
		{"some media expires anyway", expiry, lifecycle(all90), lifecycle(all90 + `, {"id": "b", "status": "Enabled", "filter": {"prefix": "x"}, "expiration": {"days": 90}}`), nil},
		{"all instead of some media expires", expiry, lifecycle(`{"id": "b", "status": "Enabled", "filter": {"prefix": "x"}, "expiration": {"days": 90}}`), lifecycle(all90), []string{
			`rules: files with the filter {"prefix":"x"} expire after 90 days → files expire after 90 days`}},
		{"the older way to pick files", expiry, lifecycle(all90), lifecycle(`{"id": "a", "status": "Enabled", "prefix": "y", "expiration": {"days": 89}}`), []string{
			`rules: files expire after 90 days → files with the filter {"prefix":"y"} expire after 89 days`}},
		{"media expires on a day", expiry, lifecycle(``), lifecycle(`{"id": "a", "status": "Enabled", "expiration": {"date": "2030-01-01T00:00:00Z"}}`), []string{"rules: files never expire → files expire on 2030-01-01T00:00:00Z"}},
		{"markers are tidied up", expiry, lifecycle(``), lifecycle(`{"id": "a", "status": "Enabled", "expiration": {"expiredObjectDeleteMarker": true}}`), nil},
		{"old versions expire", expiry, lifecycle(``), lifecycle(`{"id": "a", "status": "Enabled", "noncurrentVersionExpiration": {"noncurrentDays": 30}}`), []string{"rules: old versions never expire → old versions expire after 30 days"}},
		{"old versions expire, with their markers", expiry, oldVersions(0), oldVersions(30), []string{"rules: old versions never expire → old versions expire after 30 days"}},
		{"old versions expire later", expiry, oldVersions(30), oldVersions(31), nil},
		{"old versions expire no more", expiry, oldVersions(30), oldVersions(0), nil},
		{"old versions expire sooner", expiry, oldVersions(31), oldVersions(30), []string{"rules: old versions expire after 31 days → old versions expire after 30 days"}},
		{"fewer old versions stay", expiry, lifecycle(`{"id": "a", "status": "Enabled", "noncurrentVersionExpiration": {"noncurrentDays": 30, "newerNoncurrentVersions": 5}}`),
			lifecycle(`{"id": "a", "status": "Enabled", "noncurrentVersionExpiration": {"noncurrentDays": 30, "newerNoncurrentVersions": 4}}`), []string{
				"rules: old versions expire after 30 days, the newest 5 of them not → old versions expire after 30 days, the newest 4 of them not"}},
		{"expiry not known", expiry, lifecycle(``), lifecycle(`{"id": "a", "status": "04da6b54-80e4-46f7-96ec-b56ff0331ba9"}`), []string{"rules: [] → not known yet"}},

		{"the same rules in another order", group, ingress(port80 + "," + port3000), ingress(port3000 + "," + port80), nil},
		{"a rule less", group, ingress(port80 + "," + port3000), ingress(port80), nil},
		{"another description", group, ingress(port80), ingress(strings.Replace(port80, "{", `{"description": "x", `, 1)), nil},
		{"a narrower source", group, ingress(port80), ingress(strings.ReplaceAll(port80, "0.0.0.0/0", "10.0.0.0/8")), nil},
		{"a wider source", group, ingress(strings.ReplaceAll(port80, "0.0.0.0/0", "10.0.0.0/8")), ingress(port80), []string{"ingress: tcp 80 with 10.0.0.0/8 → also tcp 80 with 0.0.0.0/0"}},
		{"another source of the same size", group, ingress(strings.ReplaceAll(port80, "0.0.0.0/0", "10.0.0.0/8")), ingress(strings.ReplaceAll(port80, "0.0.0.0/0", "11.0.0.0/8")), []string{"ingress: tcp 80 with 10.0.0.0/8 → also tcp 80 with 11.0.0.0/8"}},
		{"a source more", group, ingress(port3000), ingress(strings.ReplaceAll(port3000, `"sg-1"`, `"sg-1", "sg-2"`)), []string{"ingress: tcp 3000 with sg-1 → also tcp 3000 with sg-2"}},
		{"IPv6 too", group, ingress(port80), ingress(strings.ReplaceAll(port80, "}", `, "ipv6CidrBlocks": ["::/0"]}`)), []string{"ingress: tcp 80 with 0.0.0.0/0 → also tcp 80 with ::/0"}},
		{"a prefix list too", group, ingress(port80), ingress(strings.ReplaceAll(port80, "}", `, "prefixListIds": ["pl-1"]}`)), []string{"ingress: tcp 80 with 0.0.0.0/0 → also tcp 80 with pl-1"}},
		{"itself too", group, ingress(port80), ingress(strings.ReplaceAll(port80, "}", `, "self": true}`)), []string{"ingress: tcp 80 with 0.0.0.0/0 → also tcp 80 with the group itself"}},
		{"another port", group, ingress(port80), ingress(strings.ReplaceAll(port80, "80,", "81,")), []string{"ingress: tcp 80 with 0.0.0.0/0 → also tcp 81 with 0.0.0.0/0"}},
		{"more ports upwards", group, ingress(port80), ingress(strings.ReplaceAll(port80, `"toPort": 80`, `"toPort": 81`)), []string{"ingress: tcp 80 with 0.0.0.0/0 → also tcp 80-81 with 0.0.0.0/0"}},
		{"more ports downwards", group, ingress(port80), ingress(strings.ReplaceAll(port80, `"fromPort": 80`, `"fromPort": 79`)), []string{"ingress: tcp 80 with 0.0.0.0/0 → also tcp 79-80 with 0.0.0.0/0"}},
		{"fewer ports", group, ingress(strings.ReplaceAll(port80, `"toPort": 80`, `"toPort": 90`)), ingress(port80), nil},
		{"another protocol", group, ingress(port80), ingress(strings.ReplaceAll(port80, "tcp", "udp")), []string{"ingress: tcp 80 with 0.0.0.0/0 → also udp 80 with 0.0.0.0/0"}},
		{"the same protocol by its number", group, ingress(port80), ingress(strings.ReplaceAll(port80, "tcp", "6")), nil},
		{"every protocol", group, ingress(port80), ingress(strings.ReplaceAll(port80, "tcp", "-1")), []string{"ingress: tcp 80 with 0.0.0.0/0 → also everything with 0.0.0.0/0"}},
		{"every protocol before", group, ingress(strings.ReplaceAll(port80, "tcp", "-1")), ingress(port80), nil},
		{"traffic out", group, `{"egress": []}`, `{"egress": [` + port80 + `]}`, []string{"egress: nothing → also tcp 80 with 0.0.0.0/0"}},
		{"a source that is not known", group, ingress(port3000), ingress(strings.ReplaceAll(port3000, "sg-1", unknown)), []string{
			`ingress: [{"fromPort":3000,"protocol":"tcp","securityGroups":["sg-1"],"toPort":3000}] → not known yet`}},
		{"a port that is no number", group, ingress(port80), ingress(strings.ReplaceAll(port80, `"toPort": 80`, `"toPort": "x"`)), []string{
			`ingress: [{"cidrBlocks":["0.0.0.0/0"],"fromPort":80,"protocol":"tcp","toPort":80}] → [{"cidrBlocks":["0.0.0.0/0"],"fromPort":80,"protocol":"tcp","toPort":"x"}]`}},
		{"a port that is written as a text", group, ingress(port80), ingress(strings.ReplaceAll(port80, `"toPort": 80`, `"toPort": "90"`)), []string{
			"ingress: tcp 80 with 0.0.0.0/0 → also tcp 80-90 with 0.0.0.0/0"}},

		{"the same policy", rolePolicy, policyOfTwo + "}", strings.Replace(policyOfTwo, `\"Version`, `  \"Version`, 1) + "}", nil},
		{"a narrower policy", rolePolicy, policyOfTwo + "}", policyOfOne + "}", nil},
		{"a wider policy", rolePolicy, policyOfOne + "}", policyOfTwo + "}", []string{"policy: not so → allows s3:PutObject on arn:aws:s3:::media/*"}},
		{"a policy that is not known", rolePolicy, policyOfOne + "}", unknownPolicy + "}", []string{"policy: a known document → not known yet"}},
		{"a policy that stays not known", rolePolicy, unknownPolicy + "}", unknownPolicy + "}", []string{"policy: not known yet → another document"}},
		{"a policy that is secret", rolePolicy, policyOfOne + "}", secretPolicy + "}", []string{"policy: a known document → a secret"}},
		{"a policy that was secret", rolePolicy, secretPolicy + "}", policyOfOne + "}", []string{"policy: a secret → in plain", "policy: a secret → another document"}},
		{"a policy that nobody can read", rolePolicy, policyOfOne + "}", `{"policy": "{}"}`, []string{"policy: a known document → read the policy document: it has no statement"}},
		{"an unreadable policy that stays", rolePolicy, `{"policy": "{}"}`, `{"policy": "{}", "name": "x"}`, nil},
		{"another role", rolePolicy, policyOfOne + `, "role": "a"}`, policyOfOne + `, "role": "b"}`, []string{"role: a → b"}},
		{"another attached policy", attachment, `{"policyArn": "a", "role": "r"}`, `{"policyArn": "b", "role": "s"}`, []string{"policyArn: a → b", "role: r → s"}},
		{"a wider repository policy", pullPolicy, policyOfOne + "}", policyOfTwo + "}", []string{"policy: not so → allows s3:PutObject on arn:aws:s3:::media/*"}},

		{"a wider trust", role, `{"assumeRolePolicy": "{\"Version\": \"2012-10-17\", \"Statement\": [{\"Effect\": \"Allow\", \"Principal\": {\"Service\": \"a\"}, \"Action\": \"sts:AssumeRole\"}]}"}`,
			`{"assumeRolePolicy": "{\"Version\": \"2012-10-17\", \"Statement\": [{\"Effect\": \"Allow\", \"Principal\": {\"Service\": [\"a\", \"b\"]}, \"Action\": \"sts:AssumeRole\"}]}"}`,
			[]string{"assumeRolePolicy: not so → allows sts:AssumeRole to Service b"}},
		{"a narrower inline policy", role, `{"inlinePolicies": [` + policyOfTwo + `}]}`, `{"inlinePolicies": [` + policyOfOne + `}]}`, nil},
		{"inline policies shared out", role, `{"inlinePolicies": [` + policyOfTwo + `}]}`, `{"inlinePolicies": [` + policyOfOne + `}, ` + policyOfOne + `, "name": "b"}]}`, nil},
		{"a wider inline policy", role, `{"inlinePolicies": [` + policyOfOne + `}]}`, `{"inlinePolicies": [` + policyOfTwo + `}]}`, []string{"inlinePolicies: not so → allows s3:PutObject on arn:aws:s3:::media/*"}},
		{"an inline policy more", role, `{}`, `{"inlinePolicies": [` + policyOfOne + `}]}`, []string{"inlinePolicies: not so → allows s3:GetObject on arn:aws:s3:::media/*"}},
		{"an inline policy that is not known", role, `{}`, `{"inlinePolicies": [` + unknownPolicy + `}]}`, []string{"inlinePolicies: a known document → not known yet"}},
		{"inline policies that are not known", role, `{}`, `{"inlinePolicies": "04da6b54-80e4-46f7-96ec-b56ff0331ba9"}`, []string{"inlinePolicies: a known document → not known yet"}},
		{"a managed policy more", role, `{"managedPolicyArns": ["a"]}`, `{"managedPolicyArns": ["a", "b"]}`, []string{`managedPolicyArns: ["a"] → also b`}},
		{"a managed policy less", role, `{"managedPolicyArns": ["a", "b"]}`, `{"managedPolicyArns": ["b"]}`, nil},
		{"a managed policy that is not known", role, `{"managedPolicyArns": ["a"]}`, `{"managedPolicyArns": ["04da6b54-80e4-46f7-96ec-b56ff0331ba9"]}`, []string{`managedPolicyArns: ["a"] → not known yet`}},
		{"a boundary", role, `{}`, `{"permissionsBoundary": "b"}`, nil},
		{"no boundary", role, `{"permissionsBoundary": "b"}`, `{}`, []string{"permissionsBoundary: b → not set"}},
		{"another boundary", role, `{"permissionsBoundary": "b"}`, `{"permissionsBoundary": "c"}`, []string{"permissionsBoundary: b → c"}},
		{"another description of a role", role, `{"description": "a"}`, `{"description": "b", "tags": {"x": "y"}}`, nil},
		{"a property of a role that nobody knows", role, `{}`, `{"somethingNew": true}`, []string{"somethingNew: not set → true"}},

		{"a policy on the bucket", bucket, `{}`, policyOfOne + "}", []string{"policy: not so → allows s3:GetObject on arn:aws:s3:::media/*"}},
		{"an old-fashioned setting of the bucket", bucket, `{"tags": {}}`, `{"acl": "public-read", "tags": {"a": "b"}}`, []string{"acl: not set → public-read"}},
		{"a bucket that can be deleted", bucket, `{"forceDestroy": false}`, `{"forceDestroy": true}`, []string{"forceDestroy: false → true"}},
		{"a bucket that can no longer be deleted", bucket, `{"forceDestroy": true}`, `{"forceDestroy": false}`, nil},
		{"a bucket that may be deleted", bucket, `{}`, `{"forceDestroy": "04da6b54-80e4-46f7-96ec-b56ff0331ba9"}`, []string{"forceDestroy: not set → not known yet"}},
		{"a registry that can be deleted", repository, `{}`, `{"forceDelete": true}`, []string{"forceDelete: not set → true"}},
		{"tags that may move", repository, `{"imageTagMutability": "IMMUTABLE"}`, `{"imageTagMutability": "MUTABLE"}`, []string{"imageTagMutability: IMMUTABLE → MUTABLE"}},
		{"tags that may no longer move", repository, `{"imageTagMutability": "MUTABLE"}`, `{"imageTagMutability": "IMMUTABLE"}`, nil},
		{"images that are not scanned", repository, `{"imageScanningConfiguration": {"scanOnPush": true}}`, `{}`, []string{"imageScanningConfiguration.scanOnPush: true → not set"}},

		{"a parameter in plain", parameter, `{"type": "SecureString", "value": "[secret]"}`, `{"type": "String", "value": "[secret]"}`, []string{"type: SecureString → String"}},
		{"another value of a parameter", parameter, `{"type": "SecureString", "value": "[secret]"}`, `{"type": "SecureString", "value": "04da6b54-80e4-46f7-96ec-b56ff0331ba9"}`, nil},
		{"a key of its own less", parameter, `{"type": "SecureString", "keyId": "k"}`, `{"type": "SecureString"}`, []string{"keyId: k → not set"}},

		{"malformed headers", balancer, `{"dropInvalidHeaderFields": true}`, `{"dropInvalidHeaderFields": false}`, []string{"dropInvalidHeaderFields: true → false"}},
		{"a balancer that can be deleted", balancer, `{"enableDeletionProtection": true}`, `{}`, []string{"enableDeletionProtection: true → not set"}},
		{"another group of the balancer", balancer, `{"securityGroups": ["a"]}`, `{"securityGroups": ["a", "b"]}`, []string{`securityGroups: ["a"] → also b`}},
		{"HTTP instead of HTTPS", listener, `{"protocol": "HTTPS", "sslPolicy": "p"}`, `{"protocol": "HTTP"}`, []string{"protocol: HTTPS → HTTP", "sslPolicy: p → not set"}},
		{"HTTPS instead of HTTP", listener, `{"protocol": "HTTP"}`, `{"protocol": "HTTPS", "sslPolicy": "p"}`, nil},
		{"another encryption policy", listener, `{"protocol": "HTTPS", "sslPolicy": "p"}`, `{"protocol": "HTTPS", "sslPolicy": "q"}`, []string{"sslPolicy: p → q"}},
		{"a shorter strict transport security", listener, `{"routingHttpResponseStrictTransportSecurityHeaderValue": "max-age=31536000"}`, `{"routingHttpResponseStrictTransportSecurityHeaderValue": "max-age=0"}`, []string{"routingHttpResponseStrictTransportSecurityHeaderValue: max-age=31536000 → max-age=0"}},
		{"a redirect to another host", listener, redirectTo("a.example.com"), redirectTo("b.example.com"), []string{"defaultActions.redirect.host: a.example.com → b.example.com"}},
		{"a redirect instead of forwarding", listener, `{"defaultActions": [{"type": "forward", "targetGroupArn": "a"}]}`, redirectTo("a.example.com"), []string{"defaultActions.redirect.host: #{host} → a.example.com"}},
		{"forwarding instead of a redirect", listener, redirectTo("a.example.com"), `{"defaultActions": [{"type": "forward", "targetGroupArn": "a"}]}`, []string{
			"defaultActions: redirect to HTTPS → no longer", "defaultActions.redirect.host: a.example.com → not set",
		}},
		{"a certificate that can be exported", certificate, `{}`, `{"options": {"export": "ENABLED"}}`, []string{"options.export: not set → ENABLED"}},
		{"a certificate that is not logged", certificate, `{"options": {"certificateTransparencyLoggingPreference": "ENABLED"}}`, `{"options": {"certificateTransparencyLoggingPreference": "DISABLED"}}`, []string{
			"options.certificateTransparencyLoggingPreference: ENABLED → DISABLED",
		}},
		{"other tags of a certificate", certificate, `{"domainName": "a.example.com"}`, `{"domainName": "a.example.com", "tags": {"Owner": "me"}}`, nil},
		{"an alias of another load balancer", record, `{"aliases": [{"name": "a"}]}`, `{"aliases": [{"name": "b"}]}`, []string{`aliases: [{"name":"a"}] → [{"name":"b"}]`}},
		{"an alias of one that is not known yet", record, `{"aliases": [{"name": "a"}]}`, `{"aliases": [{"name": "` + unknown + `"}]}`, []string{`aliases: [{"name":"a"}] → not known yet`}},
		{"another value of a record", record, `{"records": ["a"], "ttl": 60}`, `{"records": ["b"], "ttl": 300}`, []string{`records: ["a"] → ["b"]`}},
		{"a record that overwrites", record, `{"allowOverwrite": false}`, `{"allowOverwrite": true}`, []string{"allowOverwrite: false → true"}},
		{"a record that no longer overwrites", record, `{"allowOverwrite": true, "ttl": 60}`, `{"allowOverwrite": false, "ttl": 300}`, nil},
		{"a record of another type", record, `{"type": "A"}`, `{"type": "CNAME"}`, []string{"type: A → CNAME"}},
		{"a part of the users elsewhere", record, `{}`, `{"weightedRoutingPolicies": [{"weight": 1}]}`, []string{`weightedRoutingPolicies: not set → [{"weight":1}]`}},
		{"files that browsers take for what they are said to be", listener, `{}`, `{"routingHttpResponseXContentTypeOptionsHeaderValue": "nosniff"}`, nil},
		{"files that browsers may take for something else", listener, `{"routingHttpResponseXContentTypeOptionsHeaderValue": "nosniff"}`, `{}`, []string{
			"routingHttpResponseXContentTypeOptionsHeaderValue: nosniff → not set"}},
		{"a header that may take the place of a stricter one", listener, `{}`, `{"routingHttpResponseXFrameOptionsHeaderValue": "SAMEORIGIN"}`, []string{
			"routingHttpResponseXFrameOptionsHeaderValue: not set → SAMEORIGIN"}},
		{"no strict transport security", listener, `{"routingHttpResponseStrictTransportSecurityHeaderValue": "max-age=1"}`, `{}`, []string{"routingHttpResponseStrictTransportSecurityHeaderValue: max-age=1 → not set"}},

		{"no circuit breaker", service, `{"deploymentCircuitBreaker": {"enable": true, "rollback": true}}`, `{"deploymentCircuitBreaker": {"enable": false, "rollback": false}}`, []string{
			"deploymentCircuitBreaker.enable: true → false", "deploymentCircuitBreaker.rollback: true → false"}},
		{"no rollback", service, `{"deploymentCircuitBreaker": {"enable": true, "rollback": true}}`, `{"deploymentCircuitBreaker": {"enable": true}}`, []string{"deploymentCircuitBreaker.rollback: true → not set"}},
		{"a task definition from elsewhere", service, `{"taskDefinition": "a:1"}`, `{"taskDefinition": "b:1"}`, []string{"taskDefinition: a:1 → b:1"}},
		{"another group of the tasks", service, `{"networkConfiguration": {"securityGroups": ["a"]}}`, `{"networkConfiguration": {"securityGroups": ["b"]}}`, []string{`networkConfiguration.securityGroups: ["a"] → also b`}},
		{"public addresses", service, `{"networkConfiguration": {"assignPublicIp": false}}`, `{"networkConfiguration": {"assignPublicIp": true}}`, []string{"networkConfiguration.assignPublicIp: false → true"}},
		{"a shell", service, `{}`, `{"enableExecuteCommand": true}`, []string{"enableExecuteCommand: not set → true"}},
		{"no shell", service, `{"enableExecuteCommand": true}`, `{"enableExecuteCommand": false}`, nil},
		{"another task role", definition, `{"taskRoleArn": "a", "executionRoleArn": "b"}`, `{"taskRoleArn": "c", "executionRoleArn": "04da6b54-80e4-46f7-96ec-b56ff0331ba9"}`, []string{
			"taskRoleArn: a → c", "executionRoleArn: b → not known yet"}},

		{"logs for a shorter time", logGroup, `{"retentionInDays": 30}`, `{"retentionInDays": 29}`, []string{"retentionInDays: 30 days → 29 days"}},
		{"logs for a longer time", logGroup, `{"retentionInDays": 30}`, `{"retentionInDays": 31}`, nil},
		{"logs for ever", logGroup, `{"retentionInDays": 30}`, `{"retentionInDays": 0}`, nil},
		{"logs no longer for ever", logGroup, `{}`, `{"retentionInDays": 3653}`, []string{"retentionInDays: for ever → 3653 days"}},
		{"logs for a time that is not known", logGroup, `{"retentionInDays": 30}`, `{"retentionInDays": "04da6b54-80e4-46f7-96ec-b56ff0331ba9"}`, []string{"retentionInDays: 30 days → not known yet"}},
		{"logs that go with the stack", logGroup, `{"skipDestroy": true, "retentionInDays": 1}`, `{"retentionInDays": 1}`, []string{"skipDestroy: true → not set"}},
		{"logs under another key", logGroup, `{"kmsKeyId": "k", "retentionInDays": 1}`, `{"retentionInDays": 1}`, []string{"kmsKeyId: k → not set"}},

		{"a wider dashboard", dashboard, `{"dashboardBody": "a"}`, `{"dashboardBody": "b"}`, nil},
		{"another health check", targetGroup, `{"healthCheck": {"path": "/a"}}`, `{"healthCheck": {"path": "/b"}}`, nil},
		{"what the provider notes", rolePolicy, policyOfOne + `, "__defaults": ["a"]}`, policyOfOne + `, "__defaults": ["b"]}`, nil},
		{"what the provider notes of a role", role, `{"__defaults": ["a"]}`, `{"__defaults": ["b"]}`, nil},
		{"what the provider notes of a filter", expiry, lifecycle(`{"status": "Enabled", "filter": {"prefix": "x"}, "expiration": {"days": 9}}`), lifecycle(`{"status": "Enabled", "filter": {"prefix": "x", "__defaults": []}, "expiration": {"days": 9}}`), nil},
	} {
		t.Run(each.what, func(t *testing.T) {
			var want []string
			for _, because := range each.want {
				want = append(want, "gets weaker "+because)
			}
			if got := dangers(t, update(t, each.resourceType, each.before, each.after)); !slices.Equal(got, want) {
				t.Errorf("got  %q\nwant %q", got, want)
			}
		})
	}
}

func TestPulumisOwnProtectionStays(t *testing.T) {
	step := update(t, "aws:cloudwatch/dashboard:Dashboard", `{}`, `{}`)
	step.Operation = "same"
	step.After.Protect, step.After.RetainOnDelete = true, true
	if got := dangers(t, step); len(got) > 0 {
		t.Errorf("new protection: %q", got)
	}
	step.Before, step.After = step.After, step.Before
	if got := dangers(t, step); !slices.Equal(got, []string{"gets weaker protect: true → false", "gets weaker retainOnDelete: true → false"}) {
		t.Errorf("no protection: %q", got)
	}
}

func TestWhatStaysIsNotJudgedAgain(t *testing.T) {
	const hidden, other = `{"kmsMasterKeyId": "[secret]"}`, `{"kmsMasterKeyId": "k"}`
	step := update(t, topic, hidden, hidden)
	step.Operation = "same"
	expectDangers(t, step, nil)
	// The provider may say that other inputs change nothing.
	step = update(t, topic, `{}`, other)
	step.Operation = "same"
	expectDangers(t, step, []string{"kmsMasterKeyId: not set → k"})
}

func TestAReplacementIsJudgedAsAChangeToo(t *testing.T) {
	step := update(t, "aws:ecr/repositoryPolicy:RepositoryPolicy", policyOfOne+"}", policyOfTwo+"}")
	step.Operation = "replace"
	if got := dangers(t, step); !slices.Equal(got, []string{"gets weaker policy: not so → allows s3:PutObject on arn:aws:s3:::media/*"}) {
		t.Errorf("%q", got)
	}
}

func TestWhatThePlanDoesNotShowCannotBeJudged(t *testing.T) {
	step := Step{Operation: "update", URN: "urn:pulumi:dev::mediaserver::aws:iam/rolePolicy:RolePolicy::it"}
	if got := dangers(t, step); !slices.Equal(got, []string{"gets weaker not shown in the plan"}) {
		t.Errorf("%q", got)
	}
	step.URN = "urn:pulumi:dev::mediaserver::aws:cloudwatch/dashboard:Dashboard::it"
	if got := dangers(t, step); len(got) > 0 {
		t.Errorf("a type without protections: %q", got)
	}
}

// creation is a step that makes a resource, with its inputs as JSON.
func creation(t *testing.T, resourceType, after string) Step {
	t.Helper()
	return Step{
		Operation: "create", URN: "urn:pulumi:dev::mediaserver::" + resourceType + "::new",
		After: &State{Custom: true, Inputs: inputs(t, after)},
	}
}

// comingFrom is the step with a property that comes from another resource.
func comingFrom(step Step, property string, sources ...Step) Step {
	after := *step.After
	after.PropertyDependencies = map[string][]string{}
	for _, source := range sources {
		after.PropertyDependencies[property] = append(after.PropertyDependencies[property], source.URN)
	}
	step.After = &after
	return step
}

func TestANewResourceThatGrantsSomethingIsDangerousUnlessItsTargetIsNewToo(t *testing.T) {
	policy := creation(t, "aws:iam/rolePolicy:RolePolicy", policyOfOne+`, "role": "worker"}`)
	attachment := creation(t, "aws:iam/rolePolicyAttachment:RolePolicyAttachment", `{"policyArn": "arn:aws:iam::aws:policy/AdministratorAccess", "role": "worker"}`)
	pull := creation(t, "aws:ecr/repositoryPolicy:RepositoryPolicy", policyOfOne+`, "repository": "images"}`)
	expiry := creation(t, "aws:s3/bucketLifecycleConfigurationV2:BucketLifecycleConfigurationV2", strings.Replace(lifecycle(`{"status": "Enabled", "expiration": {"days": 1}}`), "media", "files", 1))
	role := creation(t, "aws:iam/role:Role", `{"name": "worker"}`)
	repository := creation(t, "aws:ecr/repository:Repository", `{"name": "images"}`)
	bucket := creation(t, "aws:s3/bucketV2:BucketV2", `{"bucket": "files"}`)
	for _, each := range []struct {
		what  string
		steps []Step
		want  []string
	}{
		{"a policy of a role that is there", []Step{policy}, []string{
			"gets weaker policy: not so → allows s3:GetObject on arn:aws:s3:::media/*", "gets weaker role: not set → worker"}},
		{"a policy of a new role", []Step{comingFrom(policy, "role", role), role}, nil},
		{"a policy that does not wait for a role of that name", []Step{policy, role}, []string{
			"gets weaker policy: not so → allows s3:GetObject on arn:aws:s3:::media/*", "gets weaker role: not set → worker"}},
		{"a policy of a second role of that name", []Step{comingFrom(policy, "role", role), role, update(t, "aws:iam/role:Role", `{"name": "worker"}`, `{"name": "worker"}`)}, []string{
			"gets weaker policy: not so → allows s3:GetObject on arn:aws:s3:::media/*", "gets weaker role: not set → worker"}},
		{"a policy of another role", []Step{policy, creation(t, "aws:iam/role:Role", `{"name": "other"}`)}, []string{
			"gets weaker policy: not so → allows s3:GetObject on arn:aws:s3:::media/*", "gets weaker role: not set → worker"}},
		{"a policy of a role that is not known", []Step{creation(t, "aws:iam/rolePolicy:RolePolicy", policyOfOne+`, "role": "`+unknown+`"}`), creation(t, "aws:iam/role:Role", `{"name": "`+unknown+`"}`)}, []string{
			"gets weaker policy: not so → allows s3:GetObject on arn:aws:s3:::media/*", "gets weaker role: not set → not known yet"}},
		{"a policy of no role", []Step{creation(t, "aws:iam/rolePolicy:RolePolicy", policyOfOne+`}`), creation(t, "aws:iam/role:Role", `{}`)}, []string{
			"gets weaker policy: not so → allows s3:GetObject on arn:aws:s3:::media/*"}},
		{"an attached policy", []Step{attachment}, []string{
			"gets weaker policyArn: not set → arn:aws:iam::aws:policy/AdministratorAccess", "gets weaker role: not set → worker"}},
		{"a repository policy", []Step{pull}, []string{"gets weaker policy: not so → allows s3:GetObject on arn:aws:s3:::media/*"}},
		{"a policy of a new repository", []Step{comingFrom(pull, "repository", repository), repository}, nil},
		{"an expiry", []Step{expiry}, []string{"gets weaker rules: files never expire → files expire after 1 day"}},
		{"an expiry of a new bucket", []Step{comingFrom(expiry, "bucket", bucket), bucket}, nil},
		{"something that grants nothing", []Step{creation(t, "aws:cloudwatch/dashboard:Dashboard", `{}`), role, repository, bucket}, nil},
	} {
		if got := dangers(t, each.steps...); !slices.Equal(got, each.want) {
			t.Errorf("%s: %q", each.what, got)
		}
	}

	first := Plan{Steps: []Step{policy, attachment, pull, expiry}, ChangeSummary: map[string]int{"create": 4}}
	for _, change := range Judge(first, "", nil).Changes {
		if len(change.Dangers) > 0 {
			t.Errorf("in the first plan of a stack: %+v", change)
		}
	}
	for _, notFirst := range []Plan{
		{Steps: first.Steps, ChangeSummary: map[string]int{"create": 4, "same": 1}},
		{Steps: append([]Step{update(t, "aws:cloudwatch/dashboard:Dashboard", `{}`, `{}`)}, first.Steps...), ChangeSummary: map[string]int{"create": 4}},
	} {
		if !Judge(notFirst, "", nil).Refused() {
			t.Errorf("passes in a stack that exists: %v", notFirst.ChangeSummary)
		}
	}
}

// redirectTo are the inputs of a listener that redirects to HTTPS on a host.
func redirectTo(host string) string {
	return `{"defaultActions": [{"type": "redirect", "redirect": {"protocol": "HTTPS", "host": "` + host + `"}}]}`
}

func TestEveryGuardedTypeThatCanChangeInPlaceIsJudgedOrHasNothingToLose(t *testing.T) {
	// What is not judged has no property that protects, or changes only by a replacement.
	unjudged := []string{
		"aws:acm/certificateValidation:CertificateValidation",
		"aws:ecs/cluster:Cluster", "aws:ecs/clusterCapacityProviders:ClusterCapacityProviders",
		"random:index/randomPassword:RandomPassword", "random:index/randomString:RandomString",
	}
	for _, each := range inventory.Types() {
		if _, isJudged := protections[each.Type]; each.Guarded != "" && isJudged == slices.Contains(unjudged, each.Type) {
			t.Errorf("%s: judged is %v", each.Type, isJudged)
		}
	}
	for kind := range protections {
		if !isKnown(kind) {
			t.Errorf("%s has rules, but is not in the inventory", kind)
		}
	}
}
