package adopt

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"mediaserver/tools/adopt/tfstate"
)

// normalize adds the attributes to compare, where Terraform keeps them in another form: as JSON text, or in separate
// resources.
func (a *Adoption) normalize(match *Match, state tfstate.State) error {
	attributes := maps.Clone(match.Theirs.Attributes)
	match.Theirs.Attributes = attributes
	switch match.Ours.terraformType() {
	case "aws_security_group":
		a.normalizeRules(match.Theirs, state)
	case "aws_iam_role_policy":
		attributes["actions"] = actions(match.Theirs.Text("policy"))
	case "aws_lb_listener":
		normalizeAction(match.Theirs)
	case "aws_route53_record":
		attributes["fqdn"] = recordName(match.Theirs)
	case "aws_ecs_service":
		attributes["cluster"] = lastPart(match.Theirs.Text("cluster"))
	case "aws_ecs_task_definition":
		return a.normalizeContainers(match.Theirs)
	}
	if match.Ours.Address == "aws_ssm_parameter.app_config" {
		var config map[string]any
		if json.Unmarshal([]byte(match.Theirs.Text("value")), &config) != nil {
			config = map[string]any{"a text that is no JSON object": true}
		}
		attributes["config"] = config
	}
	return nil
}

// lastPart is the name at the end of an ARN, or the whole text if it is a name.
func lastPart(arn string) string { return arn[strings.LastIndex(arn, "/")+1:] }

// statement is what a policy allows.
type statement struct {
	Effect                      string
	Action, NotAction, Resource oneOrMore[string]
}

// statements are the statements of policies that allow something. A policy that is not JSON has none.
func statements(policies ...string) []statement {
	var allowed []statement
	for _, policy := range policies {
		var document struct{ Statement oneOrMore[statement] }
		if json.Unmarshal([]byte(policy), &document) == nil {
			allowed = append(allowed, document.Statement...)
		}
	}
	return slices.DeleteFunc(allowed, func(each statement) bool { return each.Effect == "Deny" })
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

// normalizeAction removes what an action that forwards to a single target group says twice.
func normalizeAction(listener tfstate.Resource) {
	action, isBlock := listener.At("default_action", 0).(map[string]any)
	if !isBlock || listener.Length("default_action") != 1 {
		return
	}
	action = maps.Clone(action)
	listener.Attributes["default_action"] = []any{action}
	if listener.Length("default_action", 0, "forward", 0, "target_group") == 1 {
		action["target_group_arn"] = listener.At("default_action", 0, "forward", 0, "target_group", 0, "arn")
		delete(action, "forward")
	}
}

// normalizeRules lists the rules of a security group one by one, whether they are inline or separate resources.
func (a *Adoption) normalizeRules(group tfstate.Resource, state tfstate.State) {
	// Unless the load balancer has IPv6 addresses, nobody connects over IPv6.
	balancer, _ := a.find(loadBalancer)
	usesIPv6 := strings.HasPrefix(balancer.Text("ip_address_type"), "dualstack")
	rules, descriptions := map[string][]any{}, []any{}
	add := func(direction string, rule tfstate.Resource, sources ...string) {
		descriptions = append(descriptions, rule.Text("description"))
		for _, list := range []string{"cidr_blocks", "ipv6_cidr_blocks", "prefix_list_ids", "security_groups"} {
			sources = append(sources, rule.Texts(list)...)
		}
		for _, source := range sources {
			described := any(describeRule(rule, map[string]string{"ingress": "from", "egress": "to"}[direction], source))
			key := direction
			if strings.Contains(source, ":") && !usesIPv6 {
				key = "ipv6"
			}
			if source != "" && !slices.Contains(rules[key], described) {
				rules[key] = append(rules[key], described)
			}
		}
	}
	for _, direction := range []string{"ingress", "egress"} {
		if _, isKnown := group.Attributes[direction]; isKnown {
			rules[direction] = []any{}
		}
		for at := range group.Length(direction) {
			rule, _ := group.At(direction, at).(map[string]any)
			self := ""
			if rule["self"] == true {
				self = "itself"
			}
			add(direction, tfstate.Resource{Attributes: rule}, self)
		}
	}
	for _, rule := range state.Managed {
		if rule.Text("security_group_id") != group.Text("id") {
			continue
		}
		switch rule.Type {
		case "aws_security_group_rule":
			add(rule.Text("type"), rule, rule.Text("source_security_group_id"))
		case "aws_vpc_security_group_ingress_rule", "aws_vpc_security_group_egress_rule":
			direction := strings.TrimSuffix(strings.TrimPrefix(rule.Type, "aws_vpc_security_group_"), "_rule")
			add(direction, rule, rule.Text("cidr_ipv4"), rule.Text("cidr_ipv6"),
				rule.Text("referenced_security_group_id"), rule.Text("prefix_list_id"))
		}
	}
	for key, list := range rules {
		group.Attributes[key] = list
	}
	group.Attributes["rule_descriptions"] = descriptions
}

// describeRule writes a rule as "tcp 80 from 0.0.0.0/0".
func describeRule(rule tfstate.Resource, direction, source string) string {
	protocol := rule.Text("protocol") + rule.Text("ip_protocol")
	if protocol == "-1" || protocol == "all" {
		return fmt.Sprintf("all %s %s", direction, source)
	}
	ports := rule.Text("from_port")
	if to := rule.Text("to_port"); to != ports {
		ports += "-" + to
	}
	return fmt.Sprintf("%s %s %s %s", protocol, ports, direction, source)
}

// normalizeContainers reads the application's container and the names of all others from the JSON.
func (a *Adoption) normalizeContainers(definition tfstate.Resource) error {
	attributes := definition.Attributes
	var containers []map[string]any
	if err := tfstate.Decode([]byte(definition.Text("container_definitions")), &containers); err != nil {
		return fmt.Errorf("%s: its container definitions cannot be read: %w", definition.Address, err)
	}
	at, err := a.applicationAt(containers)
	if err != nil {
		return fmt.Errorf("%s: %w", definition.Address, err)
	}
	delete(attributes, "container_definitions")
	var others []any
	for i, container := range containers {
		if i != at {
			others = append(others, container["name"])
		}
	}
	container := containers[at]
	attributes["container"], attributes["other_containers"] = container, others
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
	return nil
}

// applicationAt finds the container that the load balancer reaches, or else the only one.
func (a *Adoption) applicationAt(containers []map[string]any) (int, error) {
	name := a.target().Text("container_name")
	at := slices.IndexFunc(containers, func(each map[string]any) bool { return each["name"] == name })
	switch {
	case at >= 0:
		return at, nil
	case len(containers) == 1:
		return 0, nil
	case len(containers) == 0:
		return 0, errors.New("it has no container")
	}
	return 0, fmt.Errorf("it has %d containers, and the service's load_balancer names none of them as the one that it reaches", len(containers))
}

// target is the service's block for the stack's target group, or its only block if the target group is unknown.
func (a *Adoption) target() tfstate.Resource {
	service, _ := a.find(ecsService)
	group, isFound := a.find(targetGroup)
	for at := range service.Length("load_balancer") {
		arn := service.Text("load_balancer", at, "target_group_arn")
		if isFound && arn == group.Text("arn") || service.Length("load_balancer") == 1 {
			attributes, _ := service.At("load_balancer", at).(map[string]any)
			return tfstate.Resource{Address: service.Address, Attributes: attributes}
		}
	}
	return tfstate.Resource{}
}

// byName makes a block of a list of names and values.
func byName(list any, value string) map[string]any {
	members, _ := list.([]any)
	named := map[string]any{}
	for _, each := range members {
		if member, isBlock := each.(map[string]any); isBlock {
			named[text(member["name"])] = member[value]
		}
	}
	return named
}
