package adopt

import (
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"net/netip"
	"slices"
	"strings"

	"mediaserver/tools/adopt/tfstate"
)

// addFacts adds the attributes that resources.yaml lists where Terraform keeps them in another form: as JSON text, in lists
// of names and values, or in separate resources.
func (a *Adoption) addFacts() {
	for at := range a.Matches {
		match := &a.Matches[at]
		match.Theirs.Attributes = maps.Clone(match.Theirs.Attributes)
		theirs, attributes := match.Theirs, match.Theirs.Attributes
		switch match.Ours.terraformType() {
		case "aws_security_group":
			a.addRules(*match)
		case "aws_lb":
			// The program writes access logs under its own name. Others stop, unless they are off.
			switch logs := theirs.At("access_logs.bucket"); {
			case theirs.Text("access_logs.enabled") != "true":
				delete(attributes, "access_logs")
			case theirs.Text("access_logs.prefix") == a.name:
				delete(attributes, "access_logs")
				attributes["logs"] = logs
			}
		case "aws_iam_role_policy":
			attributes["actions"] = actions(theirs.Text("policy"))
		case "aws_lb_listener":
			attributes["default_action"] = plainAction(theirs.At("default_action"))
		case "aws_route53_record":
			// The configuration may leave out the zone.
			attributes["fqdn"] = plainName(cmp.Or(theirs.Text("fqdn"), theirs.Text("name")))
		case "aws_ecs_cluster":
			attributes["container_insights"] = byName(theirs.At("setting"), "value")["containerInsights"]
		case "aws_ecs_service":
			attributes["cluster"] = lastPart(theirs.Text("cluster"))
			attributes["application_port"] = a.target().At("container_port")
		case "aws_ecs_task_definition":
			a.addContainers(theirs)
		case "aws_cloudwatch_log_group":
			attributes["days"] = theirs.At("retention_in_days")
			if theirs.Text("retention_in_days") == "0" {
				// It keeps events for ever, and this is the longest that the program and CloudWatch Logs take.
				attributes["days"] = json.Number("3653")
			}
		case "aws_s3_bucket_lifecycle_configuration":
			addLifecycle(theirs)
		}
		if match.Ours.Address == "aws_ssm_parameter.app_config" {
			var config map[string]any
			if json.Unmarshal([]byte(theirs.Text("value")), &config) != nil {
				config = map[string]any{"a text that is not a JSON object": true}
			}
			attributes["config"] = config
		}
		if match.Ours.Import != "" && match.importID() == "" {
			a.refuse("%s: its name is not in the state; run `terraform apply -refresh-only` first", theirs.Address)
		}
	}
}

// lastPart is the name at the end of an ARN, or the whole text if it is a name.
func lastPart(arn string) string { return arn[strings.LastIndex(arn, "/")+1:] }

// statement is what a policy allows.
type statement struct {
	Effect                      string
	Action, NotAction, Resource oneOrMore[string]
}

// oneOrMore is a list that JSON may write without brackets if it has one member.
type oneOrMore[T any] []T

// UnmarshalJSON reads the list or the member.
func (o *oneOrMore[T]) UnmarshalJSON(encoded []byte) error {
	var one T
	if json.Unmarshal(encoded, &one) == nil {
		*o = []T{one}
		return nil
	}
	return json.Unmarshal(encoded, (*[]T)(o))
}

// statements are the statements of a policy that allow something. A policy that is not JSON has none.
func statements(policy string) []statement {
	var document struct{ Statement oneOrMore[statement] }
	if json.Unmarshal([]byte(policy), &document) != nil {
		return nil
	}
	return slices.DeleteFunc(document.Statement, func(each statement) bool { return each.Effect == "Deny" })
}

// actions are the actions that a policy allows.
func actions(policy string) map[string]any {
	allowed := map[string]any{}
	for _, each := range statements(policy) {
		if each.NotAction != nil {
			allowed["NotAction"] = true
		}
		for _, action := range each.Action {
			allowed[action] = true
		}
	}
	return allowed
}

// plainAction is the action of a listener without what an action that forwards to a single target group says twice.
func plainAction(actions any) any {
	action := tfstate.Resource{Attributes: map[string]any{"action": actions}}
	group := action.Text("action.forward.target_group.arn")
	if group == "" {
		return actions
	}
	plain := maps.Clone(action.Blocks("action")[0].Attributes)
	plain["target_group_arn"] = group
	delete(plain, "forward")
	return []any{plain}
}

// sources are the attributes of rules that say from or to where one may connect.
var sources = []string{
	"cidr_blocks", "ipv6_cidr_blocks", "prefix_list_ids", "security_groups", "source_security_group_id",
	"cidr_ipv4", "cidr_ipv6", "prefix_list_id", "referenced_security_group_id",
}

// addRules lists the rules of a security group one by one, whether they are inline or separate resources.
func (a *Adoption) addRules(group Match) {
	// Unless the load balancer has IPv6 addresses, nobody connects over IPv6.
	balancer, _ := a.find(loadBalancer)
	usesIPv6 := strings.HasPrefix(balancer.Text("ip_address_type"), "dualstack")
	rules := map[string][]any{"ingress": {}, "egress": {}, "ipv6": {}}
	add := func(direction string, rule tfstate.Resource) {
		var found []string
		for _, attribute := range sources {
			found = append(found, rule.Texts(attribute)...)
		}
		if rule.Text("self") == "true" {
			found = append(found, "itself")
		}
		for _, source := range found {
			key := direction
			if key == "ingress" && isWeb(rule, source) && !slices.Contains(rules["networks"], any(source)) {
				rules["networks"] = append(rules["networks"], source)
			}
			if strings.Contains(source, ":") && !usesIPv6 {
				key = "ipv6"
			}
			described := any(describeRule(direction, rule, source))
			if source != "" && !slices.Contains(rules[key], described) {
				rules[key] = append(rules[key], described)
			}
		}
	}
	for _, direction := range []string{"ingress", "egress"} {
		for _, rule := range group.Theirs.Blocks(direction) {
			add(direction, rule)
		}
	}
	for _, rule := range a.state.Managed {
		if group.hasPart(rule) {
			_, direction, _ := strings.Cut(strings.TrimSuffix(rule.Type, "_rule"), "aws_vpc_security_group_")
			add(cmp.Or(direction, rule.Text("type")), rule)
		}
	}
	for key, list := range rules {
		group.Theirs.Attributes[key] = list
	}
	group.Theirs.Attributes["rule_descriptions"] = ""
}

// isWeb tells whether a source is an IPv4 network that may connect to port 80 or 443.
func isWeb(rule tfstate.Resource, source string) bool {
	network, err := netip.ParsePrefix(source)
	first, _ := rule.Number("from_port")
	last, _ := rule.Number("to_port")
	switch rule.Text("protocol") + rule.Text("ip_protocol") {
	case "-1", "all":
		first, last = 0, 65535
	case "tcp":
	default:
		return false
	}
	return err == nil && network.Addr().Is4() && (first <= 80 && last >= 80 || first <= 443 && last >= 443)
}

// describeRule writes a rule as "tcp 80 from 0.0.0.0/0".
func describeRule(direction string, rule tfstate.Resource, source string) string {
	protocol := rule.Text("protocol") + rule.Text("ip_protocol")
	word := map[string]string{"ingress": "from", "egress": "to"}[direction]
	if protocol == "-1" || protocol == "all" {
		return fmt.Sprintf("all %s %s", word, source)
	}
	ports := rule.Text("from_port")
	if to := rule.Text("to_port"); to != ports {
		ports += "-" + to
	}
	return fmt.Sprintf("%s %s %s %s", protocol, ports, word, source)
}

// addContainers reads the application's container and the names of all others from the JSON.
func (a *Adoption) addContainers(definition tfstate.Resource) {
	var containers []map[string]any
	if err := tfstate.Decode([]byte(definition.Text("container_definitions")), &containers); err != nil {
		a.refuse("%s: its container definitions cannot be read: %s", definition.Address, err)
		return
	}
	// It is the one that the load balancer reaches, or else the only one.
	name := a.target().Text("container_name")
	at := slices.IndexFunc(containers, func(each map[string]any) bool {
		return each["name"] == name || len(containers) == 1
	})
	if at < 0 {
		a.refuse("%s: it has %d containers, and the service's load_balancer names none of them as the one that it reaches",
			definition.Address, len(containers))
		return
	}
	container, others := containers[at], []any{}
	for _, each := range slices.Delete(containers, at, at+1) {
		others = append(others, each["name"])
	}
	container["environment"] = byName(container["environment"], "value")
	secrets := byName(container["secrets"], "valueFrom")
	container["secrets"] = secrets
	// A parameter of the same region may be named by its name alone.
	if jwt, isFound := a.find(jwtParameter); isFound && secrets["JWT_SECRET"] == jwt.Text("name") {
		secrets["JWT_SECRET"] = jwt.Text("arn")
	}
	mappings, _ := container["portMappings"].([]any)
	for _, each := range mappings {
		mapping, _ := each.(map[string]any)
		if isOff(mapping["hostPort"]) {
			mapping["hostPort"] = mapping["containerPort"]
		}
		if isOff(mapping["protocol"]) {
			mapping["protocol"] = "tcp"
		}
	}
	delete(definition.Attributes, "container_definitions")
	definition.Attributes["container"], definition.Attributes["other_containers"] = container, others
}

// target is the service's block for the stack's target group, or its only block if the target group is unknown.
func (a *Adoption) target() tfstate.Resource {
	service, _ := a.find(ecsService)
	group, isFound := a.find(targetGroup)
	blocks := service.Blocks("load_balancer")
	for _, block := range blocks {
		if isFound && block.Text("target_group_arn") == group.Text("arn") || len(blocks) == 1 {
			return block
		}
	}
	return tfstate.Resource{}
}

// byName makes a block of a list of names and values.
func byName(list any, value string) map[string]any {
	named := map[string]any{}
	for _, each := range (tfstate.Resource{Attributes: map[string]any{"list": list}}).Blocks("list") {
		named[each.Text("name")] = each.At(value)
	}
	return named
}

// archives are the storage classes in which the program can archive media files, with other classes for which each
// stands: it is read in the same way, and costs least.
var archives = map[string]string{"GLACIER": "GLACIER", "DEEP_ARCHIVE": "GLACIER", "GLACIER_IR": "GLACIER_IR"}

// noArchive is the value of archiveStorageClass with which no media file is archived.
const noArchive = "NONE"

// addLifecycle lists what the lifecycle rules that are enabled and for all media do, and which other rules there are.
func addLifecycle(lifecycle tfstate.Resource) {
	archive, oldDays := noArchive, 0
	lists := map[string][]any{"transitions": {}, "expiration": {}, "kept_versions": {}, "other_rules": {}}
	add := func(list, format string, values ...any) {
		lists[list] = append(lists[list], fmt.Sprintf(format, values...))
	}
	for _, rule := range lifecycle.Blocks("rule") {
		if rule.Text("status") != "Enabled" || !isOff(rule.At("filter")) || rule.Text("prefix") != "" {
			add("other_rules", "%s (disabled, or for a part of the media only)", rule.Text("id"))
			continue
		}
		for _, transition := range rule.Blocks("transition") {
			class := transition.Text("storage_class")
			add("transitions", "%s after %s days", class, transition.Text("days"))
			archive = cmp.Or(archives[class], archive)
		}
		if !isOff(rule.At("expiration.days")) || !isOff(rule.At("expiration.date")) {
			add("expiration", "of media files by %s", rule.Text("id"))
		}
		days, _ := rule.Number("noncurrent_version_expiration.noncurrent_days")
		if kept := rule.At("noncurrent_version_expiration.newer_noncurrent_versions"); !isOff(kept) {
			add("kept_versions", "%s, however old,", tfstate.Text(kept))
		} else if days > 0 && (oldDays == 0 || days < oldDays) {
			oldDays = days
		}
	}
	for name, list := range lists {
		lifecycle.Attributes[name] = list
	}
	lifecycle.Attributes["archive"] = archive
	if oldDays > 0 {
		lifecycle.Attributes["old_version_days"] = json.Number(fmt.Sprint(oldDays))
	}
}
