package adopt

import (
	"reflect"
	"slices"
	"strings"
	"testing"
)

// settingsOf are the settings with these keys that a deployment has.
func settingsOf(adopted *Adoption, keys ...string) map[string]any {
	found := map[string]any{}
	for _, setting := range adopted.Settings {
		if slices.Contains(keys, setting.Key) {
			found[setting.Key] = setting.Value
		}
	}
	return found
}

func TestANetworkThatTheProgramWouldNotFindIsStated(t *testing.T) {
	const lookedUp = `{"mode":"data","type":"aws_vpc","name":"main","instances":[{"attributes":{"id":"vpc-1","default":true}}]}`
	listed := func(ids string) string {
		return `{"mode":"data","type":"aws_subnets","name":"main","instances":[{"attributes":{"ids":[` + ids + `]}}]}`
	}
	subnet := func(mode, id, more string) string {
		return `{"mode":"` + mode + `","type":"aws_subnet","name":"main","instances":[{"attributes":{"id":"` + id + `"` + more + `}}]}`
	}
	inTasks := func(ids string) [2]string {
		return changed(t, service, `"network_configuration":[{"assign_public_ip":false,"subnets":[`+ids+`]}]`)
	}
	public := []string{"subnet-1", "subnet-2"}
	stated := map[string]any{"vpcId": "vpc-1", "loadBalancerSubnetIds": public}
	split := map[string]any{"vpcId": "vpc-1", "loadBalancerSubnetIds": public, "taskSubnetIds": []string{"subnet-8", "subnet-9"}}
	for name, test := range map[string]struct {
		network []string
		tasks   [2]string
		want    map[string]any
	}{
		"that Terraform made":                   {[]string{`{"mode":"managed","type":"aws_vpc","name":"main","instances":[{"attributes":{"id":"vpc-1"}}]}`}, service, stated},
		"that was looked up":                    {[]string{strings.Replace(lookedUp, "true", "false", 1)}, service, stated},
		"of which nothing is known":             {nil, service, stated},
		"beside the default one":                {[]string{strings.Replace(lookedUp, "vpc-1", "vpc-2", 1)}, service, stated},
		"with tasks in subnets of their own":    {nil, inTasks(`"subnet-9","subnet-8"`), split},
		"that is the default one":               {[]string{lookedUp}, inTasks(`"subnet-1","subnet-2"`), map[string]any{}},
		"that Terraform looks after":            {[]string{`{"mode":"managed","type":"aws_default_vpc","name":"main","instances":[{"attributes":{"id":"vpc-1"}}]}`}, service, map[string]any{}},
		"with all its subnets":                  {[]string{lookedUp, listed(`"subnet-2","subnet-1"`), listed(`"subnet-5","subnet-6"`)}, service, map[string]any{}},
		"with some of its subnets":              {[]string{lookedUp, listed(`"subnet-3","subnet-2","subnet-1"`)}, service, stated},
		"with a default subnet":                 {[]string{lookedUp, subnet("data", "subnet-1", `,"default_for_az":true`)}, service, map[string]any{}},
		"with a subnet that was looked up":      {[]string{lookedUp, subnet("data", "subnet-1", `,"default_for_az":false`)}, service, stated},
		"with a subnet that Terraform made":     {[]string{lookedUp, subnet("managed", "subnet-2", "")}, service, stated},
		"with one of another application's":     {[]string{lookedUp, subnet("managed", "subnet-7", "")}, service, map[string]any{}},
		"of the region's, but with other tasks": {[]string{lookedUp}, inTasks(`"subnet-9","subnet-8"`), split},
	} {
		t.Run(name, func(t *testing.T) {
			deployed, network := least(t, changed(t, balancer, `"vpc_id":"vpc-1","subnets":["subnet-2","subnet-1"]`), test.tasks), stateOf(t, test.network...)
			deployed.Managed, deployed.Data = append(deployed.Managed, network.Managed...), network.Data
			if got := settingsOf(adopt(t, deployed), "vpcId", "loadBalancerSubnetIds", "taskSubnetIds"); !reflect.DeepEqual(got, test.want) {
				t.Errorf("the settings are %v, want %v", got, test.want)
			}
		})
	}
	adopted := adopt(t, least(t, changed(t, targets, `"vpc_id":"vpc-1"`)))
	if report := reportOf(t, adopted); settingOf(adopted, "vpcId") != "vpc-1" || !strings.Contains(report, "set loadBalancerSubnetIds") {
		t.Errorf("without a load balancer vpcId is %v, and it tells\n%s", settingOf(adopted, "vpcId"), report)
	}
}

func TestWhoCanConnectIsReadFromTheDeployment(t *testing.T) {
	for internal, address := range map[bool]string{true: "false", false: "true"} {
		adopted := adopt(t, least(t,
			changed(t, balancer, `"internal":`+map[bool]string{true: "true", false: "false"}[internal]),
			changed(t, service, `"network_configuration":[{"assign_public_ip":`+address+`}]`)))
		if got := settingsOf(adopted, "internal", "assignPublicIp"); !reflect.DeepEqual(got, map[string]any{"internal": internal, "assignPublicIp": !internal}) {
			t.Errorf("the settings are %v", got)
		}
	}
	rule := func(protocol, ports, sources string) string {
		return `{"protocol":"` + protocol + `",` + ports + `,"cidr_blocks":[` + sources + `]}`
	}
	const port80, port443 = `"from_port":80,"to_port":80`, `"from_port":443,"to_port":443`
	for rules, test := range map[string]struct {
		want any
		told []string
	}{
		rule("tcp", port80, `"192.0.2.0/24","10.0.0.0/8"`) + "," + rule("tcp", port443, `"192.0.2.0/24","10.0.0.0/8"`): {[]string{"10.0.0.0/8", "192.0.2.0/24"}, nil},
		rule("tcp", port443, `"0.0.0.0/0"`): {[]string{"0.0.0.0/0"}, []string{"ingress: tcp 80 from 0.0.0.0/0 is added"}},
		rule("tcp", port80, `"0.0.0.0/0"`) + "," + rule("tcp", port443, `"10.0.0.0/8"`): {[]string{"0.0.0.0/0", "10.0.0.0/8"},
			[]string{"ingress: tcp 80 from 10.0.0.0/8, tcp 443 from 0.0.0.0/0 is added"}},
		rule("-1", `"from_port":0,"to_port":0`, `"10.0.0.0/8"`):        {[]string{"10.0.0.0/8"}, []string{"ingress: all from 10.0.0.0/8 is removed", "tcp 80 from 10.0.0.0/8, tcp 443 from 10.0.0.0/8 is added"}},
		rule("tcp", `"from_port":0,"to_port":100`, `"10.0.0.0/8"`):     {[]string{"10.0.0.0/8"}, []string{"ingress: tcp 0-100 from 10.0.0.0/8 is removed"}},
		rule("tcp", `"from_port":81,"to_port":442`, `"10.0.0.0/8"`):    {nil, []string{"ingress: tcp 81-442 from 10.0.0.0/8 is removed"}},
		rule("udp", port443, `"10.0.0.0/8"`):                           {nil, []string{"ingress: udp 443 from 10.0.0.0/8 is removed"}},
		`{"protocol":"tcp",` + port80 + `,"prefix_list_ids":["pl-1"]}`: {nil, []string{"ingress: tcp 80 from pl-1 is removed"}},
	} {
		adopted, err := Read(least(t, [2]string{balancerGroup, `{"id":"sg-1","name":"films-alb","ingress":[` + rules + `]}`}),
			Options{Project: project(t), Accepted: accepting(test.told, balancerGroup+":ingress")})
		if err != nil {
			t.Fatal(err)
		}
		if got := settingOf(adopted, "allowedCidrBlocks"); !reflect.DeepEqual(got, test.want) && (got != nil || test.want != nil) {
			t.Errorf("%s: allowedCidrBlocks is %v, want %v", rules, got, test.want)
		}
		report := reportOf(t, adopted)
		for _, want := range test.told {
			if !strings.Contains(report, want) {
				t.Errorf("%s: it does not tell %q:\n%s", rules, want, report)
			}
		}
		if test.told == nil && strings.Contains(report, "ingress") {
			t.Errorf("%s: it tells a change:\n%s", rules, report)
		}
	}
}

// accepting is the option that accepts a change, if one of those that are told takes something away.
func accepting(told []string, key string) []string {
	if slices.ContainsFunc(told, func(change string) bool { return strings.HasSuffix(change, " is removed") }) {
		return []string{key}
	}
	return nil
}

func TestAccessLogsGoOnWhereTheyWent(t *testing.T) {
	for attributes, test := range map[string]struct {
		want any
		told string
	}{
		`{"enabled":true,"bucket":"logs","prefix":"films"}`:  {"logs", ""},
		`{"enabled":false,"bucket":"logs","prefix":"films"}`: {nil, ""},
		`{"enabled":true,"bucket":"logs","prefix":"lb"}`:     {nil, `they go to logs under the prefix "lb", and stop; to have them go there under "films"`},
	} {
		adopted := adopt(t, least(t, changed(t, balancer, `"access_logs":[`+attributes+`]`)))
		_, told, isTold := strings.Cut(reportOf(t, adopted), "access_logs: ")
		if got := settingOf(adopted, "accessLogsBucket"); got != test.want || isTold != (test.told != "") || !strings.HasPrefix(told, test.told) {
			t.Errorf("%s: accessLogsBucket is %v, and it tells %.100q", attributes, got, told)
		}
	}
}
