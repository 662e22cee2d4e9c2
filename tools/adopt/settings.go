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

// Setting is a setting of the program that the stack file states.
type Setting struct {
	// Key is its key, without the project's name.
	Key string
	// Value is its value for YAML.
	Value any
	// Source is the address from which it was read, or its reason.
	Source string
}

// deriveSettings reads the settings with which the program changes as little as possible. Whether a value is valid, the
// program says better.
func (a *Adoption) deriveSettings() {
	kept := ""
	if len(a.keptNames) > 0 {
		kept = ", such as these names: " + strings.Join(a.keptNames, ", ")
	}
	a.set("name", a.name, "the names of the resources")
	a.set("adopted", true, "what AWS cannot change in place stays"+kept)
	a.set("forceDestroy", false, "adopted resources hold data; none is deleted with its contents")
	a.set("protectData", true, "Pulumi refuses to delete or replace the bucket, the registry and the JWT secret")
	for _, match := range a.Matches {
		for _, path := range slices.Sorted(maps.Keys(match.Ours.Takes)) {
			a.take(match, path)
		}
	}
	a.fitTasksAndThresholds()
	a.setImageTag()
	a.setNetwork()
	a.setVariables()
	a.setSecretsKeys()
	a.setHealthCheck()
	a.setArchive()
	a.setDomain()
}

// set adds a setting. Of two numbers the larger one counts: it is a time that is to be kept.
func (a *Adoption) set(key string, value any, source string) {
	at := slices.IndexFunc(a.Settings, func(each Setting) bool { return each.Key == key })
	number, isNumber := value.(int)
	switch {
	case at < 0:
		a.Settings = append(a.Settings, Setting{key, value, source})
	case isNumber && number > a.Settings[at].Value.(int):
		a.Settings[at] = Setting{key, value, source}
	default:
		return
	}
	a.known[key] = value
}

// setting is the value of a setting: the one that was read from the deployment, or the default. Nil for no setting.
func (a *Adoption) setting(key string) any {
	if value, isKnown := a.known[key]; isKnown {
		return value
	}
	return a.project.Settings[key].Default
}

// take makes a setting of an attribute, in the setting's type. A number that is not whole is told as a change to the default.
func (a *Adoption) take(match Match, path string) {
	key, source, value := match.Ours.Takes[path], a.source(match.Theirs), match.Theirs.Text(path)
	block := ""
	if at := strings.LastIndex(path, "."); at > 0 {
		block = path[:at]
	}
	switch a.project.Settings[key].Type {
	case "array":
		if values := match.Theirs.Texts(path); len(values) > 0 {
			a.set(key, slices.Sorted(slices.Values(values)), source)
		}
	case "boolean":
		// An attribute that is not set is off. If its whole block is missing, nothing is known.
		if block == "" || !isEmpty(match.Theirs.At(block)) {
			a.set(key, value == "true", source)
		}
	case "integer":
		if number, isWhole := match.Theirs.Number(path); isWhole {
			a.set(key, number, source)
		} else if value != "" {
			a.tell(source, path, "%s → %v, because %s must be a whole number", value, a.project.Settings[key].Default, key)
		}
	default:
		if value != "" {
			a.set(key, value, source)
		}
	}
}

// source names the resource from which a setting comes, and of a task definition the revision.
func (a *Adoption) source(from tfstate.Resource) string {
	if from.Type == "aws_ecs_task_definition" && a.revision != "" {
		return from.Address + ", revision " + a.revision
	}
	return from.Address
}

// fitTasksAndThresholds moves the number of tasks between its bounds, and refuses thresholds that the program does not take:
// its preview would refuse them only after the import. The number counts only when the service is created.
func (a *Adoption) fitTasksAndThresholds() {
	number := func(key string) int {
		value, _ := a.setting(key).(int)
		return value
	}
	desired := min(max(number("desiredCount"), number("minCapacity")), number("maxCapacity"))
	at := slices.IndexFunc(a.Settings, func(each Setting) bool { return each.Key == "desiredCount" })
	if at >= 0 && a.Settings[at].Value != desired {
		a.Settings[at].Value, a.known["desiredCount"] = desired, desired
		a.Settings[at].Source += ", moved between minCapacity and maxCapacity"
	}
	if up, down := number("scaleUpCpu"), number("scaleDownCpu"); down < 1 || down >= up || up > 99 {
		a.refuse("the CPU alarms have the thresholds %d and %d, and scaleUpCpu must be at most 99, scaleDownCpu below it and at "+
			"least 1; change the thresholds with Terraform first", up, down)
	}
}

// setImageTag takes the tag of the image that tasks run. It reports an image that is not in the stack's repository: the
// first update would replace it.
func (a *Adoption) setImageTag() {
	definition, _ := a.find(taskDefinition)
	repository, _ := a.find("aws_ecr_repository.mediaserver")
	image, url := definition.Text("container.image"), repository.Text("repository_url")
	rest, isInside := strings.CutPrefix(image, url)
	tag, _, _ := strings.Cut(strings.TrimPrefix(rest, ":"), "@")
	switch {
	case image == "":
	case !isInside || url == "":
		a.refuse("%s: tasks run %s, which is not in the stack's repository: the first update would replace it. Push it there, "+
			"and have Terraform or the pipeline deploy it from there first", a.source(definition), image)
	case !strings.HasPrefix(rest, ":"):
		a.refuse("%s: tasks run %s, an image without a tag, and imageTag needs one: the first update would replace it. "+
			"Deploy it by a tag first (`docker buildx imagetools create --tag %s:TAG %[2]s` gives it one)",
			a.source(definition), image, url)
	default:
		a.set("imageTag", tag, a.source(definition))
	}
}

// setNetwork takes the VPC and its subnets.
func (a *Adoption) setNetwork() {
	balancer, _ := a.find(loadBalancer)
	service, _ := a.find(ecsService)
	if a.vpc == "" {
		return
	}
	a.set("vpcId", a.vpc, "the network of the resources")
	public := slices.Sorted(slices.Values(balancer.Texts("subnets")))
	if len(public) > 0 {
		a.set("loadBalancerSubnetIds", public, balancer.Address)
	}
	tasks := slices.Sorted(slices.Values(service.Texts("network_configuration.subnets")))
	if len(tasks) > 0 && !slices.Equal(tasks, public) {
		a.set("taskSubnetIds", tasks, service.Address)
	}
}

// variablePattern is a name of a variable that the program takes. It refuses credentialVariables, because the application
// has the credentials of its task role.
var (
	variablePattern     = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]*$`)
	credentialVariables = []string{"AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "ECS_ENGINE_AUTH_DATA"}
)

// setVariables takes the variables of the application's own, out of what is compared.
func (a *Adoption) setVariables() {
	definition, _ := a.find(taskDefinition)
	take := func(key string, from func(any) string) []string {
		theirs, _ := definition.At("container." + key).(map[string]any)
		taken := map[string]string{}
		for name, value := range theirs {
			if !a.isOurs(name) && variablePattern.MatchString(name) && !slices.Contains(credentialVariables, name) {
				taken[name] = from(value)
				delete(theirs, name)
			}
		}
		if len(taken) > 0 {
			a.set(key, taken, a.source(definition))
		}
		return slices.Sorted(maps.Keys(taken))
	}
	take("secrets", a.secretARN)
	if plain := take("environment", tfstate.Text); plain != nil {
		a.remark("%s: the stack file has these variables in plain, as the task definition does: %s. Before you commit it, move "+
			"what is secret into Parameter Store or Secrets Manager, and its ARN into the setting secrets",
			a.source(definition), strings.Join(plain, ", "))
	}
}

// isOurs tells whether the stack sets a variable itself.
func (a *Adoption) isOurs(variable string) bool {
	ours, _ := resourceAt(taskDefinition)
	for _, path := range []string{"container.environment." + variable, "container.secrets." + variable} {
		if ours.Takes[path] != "" || ours.States[path] != nil || ours.Changes[path] != nil {
			return true
		}
	}
	return false
}

// secretARN is the ARN from which ECS reads a secret: a parameter of the same region may be named by its name alone.
func (a *Adoption) secretARN(source any) string {
	if name := tfstate.Text(source); !strings.HasPrefix(name, "arn:") {
		return fmt.Sprintf("arn:%s:ssm:%s:%s:parameter/%s", a.Partition, a.Region, a.Account, strings.TrimPrefix(name, "/"))
	}
	return tfstate.Text(source)
}

// keyARN is the ARN of one key.
var keyARN = regexp.MustCompile(`^arn:[^:*]+:kms:[^:*]+:\d+:key/[^*]+$`)

// setSecretsKeys takes the keys of what the container reads, as far as the state has it, and those with which the execution
// role may decrypt by its inline policies, which give way to the program's.
func (a *Adoption) setSecretsKeys() {
	var policies, keys, vague []string
	jwt, _ := a.find(jwtParameter)
	read, _ := a.setting("secrets").(map[string]string)
	sources := append(slices.Collect(maps.Values(read)), jwt.Text("arn"))
	for _, each := range a.state.Managed {
		arn, key := each.Text("arn"), cmp.Or(each.Text("key_id"), each.Text("kms_key_id"))
		isRead := func(source string) bool { return source == arn || strings.HasPrefix(source, arn+":") }
		if arn != "" && keyARN.MatchString(key) && slices.ContainsFunc(sources, isRead) {
			keys = append(keys, key)
		}
	}
	for _, match := range a.Matches {
		if match.Ours.Address != executionRole {
			continue
		}
		for _, block := range match.Theirs.Blocks("inline_policy") {
			policies = append(policies, block.Text("policy"))
		}
		for _, each := range a.state.Managed {
			if match.hasPart(each) {
				policies = append(policies, each.Text("policy"))
			}
		}
	}
	for _, policy := range policies {
		for _, statement := range statements(policy) {
			mayDecrypt := slices.ContainsFunc(statement.Action, func(action string) bool {
				return slices.Contains([]string{"kms:Decrypt", "kms:*", "*"}, action)
			})
			for _, resource := range statement.Resource {
				if mayDecrypt && keyARN.MatchString(resource) {
					keys = append(keys, resource)
				} else if mayDecrypt {
					vague = append(vague, resource)
				}
			}
		}
	}
	slices.Sort(keys)
	if keys != nil {
		a.set("secretsKeyArns", slices.Compact(keys), "what the execution role decrypts")
	}
	if vague != nil {
		a.remark("%s: an inline policy that gives way to the program's lets the execution role decrypt with %s. If a key of your "+
			"own encrypts what the container reads, add its ARN to secretsKeyArns, or no task starts; AWS shows it with the "+
			"parameter or the secret",
			executionRole, strings.Join(vague, ", "))
	}
}

// noCheck is the value of containerHealthCheck with which the load balancer alone decides.
const noCheck = "none"

// longestStartPeriod is the most that ECS takes, in seconds.
const longestStartPeriod = 300

// setHealthCheck takes the container's own health check, out of what is compared if the program cannot have it.
func (a *Adoption) setHealthCheck() {
	definition, isFound := a.find(taskDefinition)
	container, _ := definition.At("container").(map[string]any)
	check, _ := container["healthCheck"].(map[string]any)
	command := strings.Join(tfstate.Texts(check["command"]), " ")
	for _, program := range []string{"curl", "wget"} {
		if strings.Contains(command, program) {
			a.set("containerHealthCheck", program, a.source(definition))
			address := fmt.Sprintf("http://localhost:%v%v", a.setting("appPort"), a.setting("healthCheckPath"))
			start, _ := a.setting("startSeconds").(int)
			a.known["checkAddress"], a.known["startPeriod"] = address, min(start, longestStartPeriod)
			// The rest of a command may hold a secret, so it is never shown.
			check["command"] = "another address"
			asks := regexp.MustCompile(regexp.QuoteMeta(address) + `(["'\s|;]|$)`)
			if asks.MatchString(strings.ReplaceAll(command, "127.0.0.1", "localhost")) {
				check["command"] = address
			}
			return
		}
	}
	if isFound {
		a.set("containerHealthCheck", noCheck, a.source(definition))
		delete(container, "healthCheck")
	}
	if command != "" && command != "NONE" {
		a.tell(a.source(definition), "container.healthCheck.command",
			"is removed, and the load balancer alone decides; if the image has curl or wget, set containerHealthCheck to it")
	}
}

// setArchive sees to it that every file stays readable where no rule archives any.
func (a *Adoption) setArchive() {
	if _, isFound := a.find(bucketLifecycle); !isFound {
		a.set("archiveStorageClass", noArchive, "no lifecycle rule archives media files")
	}
	a.known["archive"] = a.setting("archiveStorageClass")
	if a.known["archive"] == noArchive {
		a.known["archive"] = []string{}
	}
}

// servesHTTPS tells whether the deployment has a listener on port 443.
func (a *Adoption) servesHTTPS() bool {
	_, isFound := a.find(secureListener)
	return isFound
}

// setDomain takes the domain of HTTPS from the record, the redirect or the certificate. It reports if none names it.
func (a *Adoption) setDomain() {
	secure, servesHTTPS := a.find(secureListener)
	if !servesHTTPS {
		return
	}
	certificate := secure.Text("certificate_arn")
	a.remark("%s: the certificate %s and what validates it stay with Terraform; keep them there", secure.Address, certificate)
	record, _ := a.find(aliasRecord)
	plain, _ := a.find(plainListener)
	takeFrom := func(source tfstate.Resource, name string) {
		// #{host} is the host of the request, and a certificate may be for a wildcard.
		if name != "" && !strings.ContainsAny(name, "#*") {
			a.set("domainName", plainName(name), source.Address)
		}
	}
	takeFrom(record, record.Text("fqdn"))
	takeFrom(plain, plain.Text("default_action.redirect.host"))
	for _, each := range slices.Concat(a.state.Managed, a.state.Data) {
		if each.Type == "aws_acm_certificate" && each.Text("arn") == certificate {
			// A data source has the domain in another attribute.
			takeFrom(each, cmp.Or(each.Text("domain_name"), each.Text("domain")))
		}
	}
	if a.known["domainName"] == nil {
		a.refuse("%s: the state does not say at which domain it answers: it has no alias record (A) of the load balancer, port 80 "+
			"redirects to no host, and its certificate is not there or is for a wildcard; bring the record into the state first "+
			"(`terraform import aws_route53_record.mediaserver ZONE_media.example.com_A`), or have port 80 redirect to the domain "+
			"as its host", secure.Address)
	}
}

// bucketInfix stands between the setting `name` and the suffix in the bucket's name.
const bucketInfix = "-storage-"

// validName is the form of the setting `name`: 2 to 28 lower-case letters, digits and single inner hyphens.
var validName = regexp.MustCompile(`^[a-z0-9](-?[a-z0-9])+$`)

func isName(name string) bool { return len(name) <= 28 && validName.MatchString(name) }

// deriveName finds the setting `name` with which most resources get the names that they have, and the resources that
// keep another name. asked is the name that the user chose; empty for none.
func (a *Adoption) deriveName(asked string) {
	votes := map[string]int{}
	var physical [][2]string
	for _, match := range a.Matches {
		for attribute, pattern := range match.Ours.Named {
			theirs := match.Theirs.Text(attribute)
			physical = append(physical, [2]string{pattern, theirs})
			before, after, _ := strings.Cut(pattern, "{name}")
			name, hasBefore := strings.CutPrefix(theirs, before)
			name, hasAfter := strings.CutSuffix(name, after)
			if hasBefore && hasAfter && isName(name) {
				votes[name]++
			}
		}
	}
	names := slices.SortedFunc(maps.Keys(votes), func(a, b string) int {
		return cmp.Or(cmp.Compare(votes[b], votes[a]), cmp.Compare(a, b))
	})
	a.name = cmp.Or(append([]string{asked}, names...)...)
	if !isName(a.name) {
		a.refuse("--name %q must be 2 to 28 lower-case letters, digits and single inner hyphens; without the option it is read "+
			"from the names of resources that are named as in the guide", a.name)
	}
	for _, each := range physical {
		if each[1] != strings.ReplaceAll(each[0], "{name}", a.name) {
			a.keptNames = append(a.keptNames, each[1])
		}
	}
	if bucket, isFound := a.find(bucketAddress); isFound && a.bucketSuffix() == "" {
		a.keptNames = append(a.keptNames, bucket.Text("bucket"))
	}
}

// bucketSuffix is the end of the bucket's name, after the program's prefix. Empty if the name has another prefix.
func (a *Adoption) bucketSuffix() string {
	bucket, _ := a.find(bucketAddress)
	suffix, fits := strings.CutPrefix(bucket.Text("bucket"), a.name+bucketInfix)
	if !fits {
		return ""
	}
	return suffix
}

// findCommonTags finds the tags that all resources carry, as the provider's default tags or as their own. They become the
// stack's default tags.
func (a *Adoption) findCommonTags() {
	single := map[string]bool{}
	for _, match := range a.Matches {
		theirs, hasTags := match.Theirs.At("tags_all").(map[string]any)
		if !hasTags || match.Ours.Import == "" {
			continue
		}
		tags := map[string]string{}
		for key, value := range theirs {
			tags[key] = tfstate.Text(value)
			single[key] = true
		}
		if a.Tags == nil {
			a.Tags = tags
		}
		maps.DeleteFunc(a.Tags, func(key, value string) bool { return tags[key] != value })
	}
	for key := range a.Tags {
		delete(single, key)
	}
	if len(single) > 0 {
		a.remark("some resources have tags of their own, which the first update removes: %s",
			strings.Join(slices.Sorted(maps.Keys(single)), ", "))
	}
}
