package adopt

import (
	"cmp"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"

	"mediaserver/tools/adopt/tfstate"
)

// What the program takes as names of variables, as sources of secrets and as keys (config_application.go).
var (
	variablePattern  = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]*$`)
	parameterPattern = regexp.MustCompile(`^(arn:(aws|aws-cn|aws-us-gov|aws-eusc):ssm:([a-z0-9-]+):[0-9]{12}:parameter/[A-Za-z0-9_./-]+)$`)
	secretPattern    = regexp.MustCompile(`^(arn:(aws|aws-cn|aws-us-gov|aws-eusc):secretsmanager:([a-z0-9-]+):[0-9]{12}:secret:[A-Za-z0-9/_+=.@-]+-[A-Za-z0-9]{6})(:[^:]*:([^:]*:|:[^:]*))?$`)
	keyArnPattern    = regexp.MustCompile(`^arn:(aws|aws-cn|aws-us-gov|aws-eusc):kms:([a-z0-9-]+):[0-9]{12}:key/[A-Za-z0-9-]+$`)
)

// credentialVariables are the variables that the program refuses, because the application has the credentials of its task role.
var credentialVariables = []string{"AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "ECS_ENGINE_AUTH_DATA"}

// container is the application's container, and whether it is known.
func (a *Adoption) container() (map[string]any, bool) {
	definition, _ := a.find(taskDefinition)
	container, isKnown := definition.At("container").(map[string]any)
	return container, isKnown
}

// setVariables takes the variables of the application's own, out of what is compared.
func (a *Adoption) setVariables() {
	container, isKnown := a.container()
	if !isKnown {
		return
	}
	plain := takeVariables(container, "environment", text)
	if len(plain) > 0 {
		a.set("environment", plain, a.revisionSource()+", in plain as there")
		a.remark("%s: the stack file has these variables in plain, as the task definition does: %s. Before you commit it, move what is "+
			"secret into Parameter Store or Secrets Manager, and its ARN into the setting secrets",
			a.revisionSource(), strings.Join(slices.Sorted(maps.Keys(plain)), ", "))
	}
	if secrets := takeVariables(container, "secrets", a.secretARN); len(secrets) > 0 {
		a.set("secrets", secrets, a.revisionSource())
	}
}

// takeVariables takes the variables out of a block of the container that the stack does not set itself, and that the program can
// set: those of which value makes something.
func takeVariables(container map[string]any, block string, value func(any) string) map[string]string {
	ours, _ := resourceAt(taskDefinition)
	theirs, _ := container[block].(map[string]any)
	taken := map[string]string{}
	for name, each := range theirs {
		isOwn := ours.knows("container.environment."+name) || ours.knows("container.secrets."+name)
		made := value(each)
		if isOwn || !variablePattern.MatchString(name) || slices.Contains(credentialVariables, name) || block == "secrets" && made == "" {
			continue
		}
		taken[name] = made
		delete(theirs, name)
	}
	return taken
}

// secretARN is the ARN from which ECS reads a secret: a parameter of the same region may be named by its name alone.
// Empty if the program does not take it.
func (a *Adoption) secretARN(source any) string {
	arn := text(source)
	if !strings.HasPrefix(arn, "arn:") {
		arn = a.arn("ssm", "parameter/"+strings.TrimPrefix(arn, "/"))
	}
	groups := secretSource(arn)
	if groups == nil || groups[2] != a.Partition || groups[3] != a.Region {
		return ""
	}
	return arn
}

// secretSource are the groups of the pattern of a secret's ARN: the first is what a policy names, then the partition and
// the region. Nil for no such ARN.
func secretSource(arn string) []string {
	if groups := parameterPattern.FindStringSubmatch(arn); groups != nil {
		return groups
	}
	return secretPattern.FindStringSubmatch(arn)
}

// arn is the ARN of something in the account and the region of the deployment.
func (a *Adoption) arn(service, resource string) string {
	return fmt.Sprintf("arn:%s:%s:%s:%s:%s", a.Partition, service, a.Region, a.Account, resource)
}

// setSecretsKeys takes the keys that encrypt what the container reads, as far as the state has them, and those with
// which the execution role may decrypt by the inline policies that give way to the program's.
func (a *Adoption) setSecretsKeys(state tfstate.State) {
	var keys, vague []string
	add := func(key string) {
		switch arn := keyArnPattern.FindStringSubmatch(key); {
		case arn == nil || arn[1] != a.Partition || arn[2] != a.Region:
			vague = append(vague, key)
		case !slices.Contains(keys, key):
			keys = append(keys, key)
		}
	}
	jwt, _ := a.find(jwtParameter)
	unknown := []string{jwt.Text("arn")}
	secrets, _ := a.setting("secrets").(map[string]string)
	for _, source := range secrets {
		unknown = append(unknown, secretSource(source)[1])
	}
	for _, each := range slices.Concat(state.Managed, state.Data) {
		at := slices.Index(unknown, each.Text("arn"))
		attribute := map[string]string{"aws_ssm_parameter": "key_id", "aws_secretsmanager_secret": "kms_key_id"}[each.Type]
		// A parameter that was only looked up does not have the attribute.
		if _, says := each.Attributes[attribute]; at < 0 || !says {
			continue
		}
		unknown = slices.Delete(unknown, at, at+1)
		switch key := each.Text(attribute); {
		case key == "" || strings.HasPrefix(key, "alias/aws/"):
		case strings.Contains(key, ":") || strings.Contains(key, "/"):
			add(key)
		default:
			add(a.arn("kms", "key/"+key))
		}
	}
	isKnown := len(unknown) == 0 && len(vague) == 0
	for _, statement := range statements(a.executionPolicies(state)...) {
		mayDecrypt := slices.ContainsFunc(statement.Action, func(action string) bool {
			return slices.Contains([]string{"kms:Decrypt", "kms:*", "*"}, action)
		})
		for _, resource := range statement.Resource {
			if mayDecrypt {
				add(resource)
			}
		}
	}
	slices.Sort(keys)
	if keys != nil {
		a.set("secretsKeyArns", keys, "what the execution role decrypts")
	}
	if len(vague) > 0 && !isKnown {
		role, _ := a.find(executionRole)
		a.remark("%s: the state does not say which keys encrypt what the container reads (it says %s). If one is your own, add its ARN to "+
			"secretsKeyArns, or no task starts; AWS shows it with the parameter or the secret", role.Address, strings.Join(vague, ", "))
	}
}

// executionPolicies are the inline policies of the execution role, which Terraform may have as resources of their own.
func (a *Adoption) executionPolicies(state tfstate.State) []string {
	role, isFound := a.find(executionRole)
	var policies []string
	for at := range role.Length("inline_policy") {
		policies = append(policies, role.Text("inline_policy", at, "policy"))
	}
	for _, each := range state.Managed {
		if isFound && each.Type == "aws_iam_role_policy" && each.Text("role") == role.Text("name") {
			policies = append(policies, each.Text("policy"))
		}
	}
	return policies
}

const (
	// noCheck is the value of containerHealthCheck with which the load balancer alone decides.
	noCheck = "none"
	// longestStart and longestStartPeriod are the most that startSeconds and ECS take, in seconds.
	longestStart       = 3600
	longestStartPeriod = 300
)

// checkedAddress is what a health check asks, with its port and its path.
var checkedAddress = regexp.MustCompile(`https?://[^/\s:]+(?::(\d+))?(/[^\s"'|;\]]*)?`)

// checkAddress is what the program's health check asks.
func checkAddress(port, path string) string { return "http://localhost:" + port + path }

// setStart takes the container's own health check and the time that a task has to start, the longer one of the two that
// ECS knows: what comes of it takes no time away from anybody.
func (a *Adoption) setStart() {
	container, hasContainer := a.container()
	service, hasService := a.find(ecsService)
	check, _ := container["healthCheck"].(map[string]any)
	inside := tfstate.Resource{Attributes: check}
	if hasService {
		grace, _ := service.Number("health_check_grace_period_seconds")
		period, _ := inside.Number("startPeriod")
		a.set("startSeconds", min(max(grace, period), longestStart), "the longer one of the grace period and the container's start period")
	}
	if !hasContainer {
		return
	}
	command := strings.Join(inside.Texts("command"), " ")
	for _, program := range []string{"curl", "wget"} {
		if strings.Contains(command, program) {
			a.set("containerHealthCheck", program, a.revisionSource())
			// The rest of a command may hold a secret, and is told nowhere.
			check["command"] = "another address"
			if asked := checkedAddress.FindStringSubmatch(command); asked != nil {
				check["command"] = checkAddress(cmp.Or(asked[1], "80"), cmp.Or(asked[2], "/"))
			}
			return
		}
	}
	a.set("containerHealthCheck", noCheck, a.revisionSource())
	delete(container, "healthCheck")
	if command != "" && command != "NONE" {
		a.Differences = append(a.Differences, Difference{Address: a.revisionSource(), Attribute: "container.healthCheck.command",
			Change: "is removed, and the load balancer alone decides; if the image has curl or wget, set containerHealthCheck to it"})
	}
}
