package main

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
)

// ownNetwork are the settings of a stack in a VPC of its own.
func ownNetwork(more map[string]string) map[string]string {
	return with(map[string]string{
		"vpcId": testVPC, "loadBalancerSubnetIds": listOfTexts(testSubnets[1], testSubnets[0]),
	}, more)
}

// listOfTexts is a list as the value of a setting.
func listOfTexts(elements ...string) string { return `["` + strings.Join(elements, `","`) + `"]` }

func TestAStackIsBuiltInTheVPCOfTheSettings(t *testing.T) {
	for tasks, want := range map[string]list{
		"[]": {testSubnets[0], testSubnets[1]},
		listOfTexts(testSubnets[2], testSubnets[0]): {testSubnets[0], testSubnets[2]},
	} {
		stack := run(t, ownNetwork(map[string]string{"taskSubnetIds": tasks, "assignPublicIp": "false"}))
		if _, asked := stack.lookups["aws:ec2/getVpc:getVpc"]; asked {
			t.Error("the default VPC is looked up")
		}
		for _, key := range []string{"SecurityGroup alb", "SecurityGroup ecs-tasks", "TargetGroup mediaserver"} {
			wantEqual(t, key, stack.find(t, key).inputs["vpcId"], testVPC)
		}
		wantEqual(t, "load balancer", stack.find(t, "LoadBalancer mediaserver").inputs["subnets"], list{testSubnets[0], testSubnets[1]})
		wantEqual(t, "tasks", stack.find(t, "Service mediaserver").inputs["networkConfiguration"], object{
			"subnets": want, "securityGroups": list{"sg-ecs-tasks"}, "assignPublicIp": false,
		})
	}
}

func TestALoadBalancerCanBeInternal(t *testing.T) {
	wantEqual(t, "internal", run(t, map[string]string{"internal": "true"}).find(t, "LoadBalancer mediaserver").inputs["internal"], true)
}

func TestOnlyTheAllowedNetworksReachTheLoadBalancer(t *testing.T) {
	for setting, from := range map[string]string{
		`["10.0.0.0/8","192.0.2.7/32"]`: "the allowed networks",
		`["10.0.0.0/8"]`:                "the allowed networks",
		`["10.0.0.0/8","0.0.0.0/0"]`:    "anywhere",
	} {
		blocks := parseJSON(t, "setting", setting)
		rules := run(t, map[string]string{"allowedCidrBlocks": setting}).find(t, "SecurityGroup alb").inputs["ingress"]
		wantEqual(t, "ingress", rules, list{
			object{"description": "HTTP from " + from, "protocol": "tcp", "fromPort": 80, "toPort": 80, "cidrBlocks": blocks},
			object{"description": "HTTPS from " + from, "protocol": "tcp", "fromPort": 443, "toPort": 443, "cidrBlocks": blocks},
		})
	}
}

func TestNetworksAreAccepted(t *testing.T) {
	for _, settings := range []map[string]string{
		{"vpcId": "vpc-01234567", "loadBalancerSubnetIds": listOfTexts("subnet-01234567", "subnet-89abcdef")},
		{"allowedCidrBlocks": listOfTexts("0.0.0.0/0", "10.0.0.0/8", "198.51.100.0/25", "203.0.113.9/32")},
	} {
		if _, err := load(t, "mediaserver", namespaced("mediaserver", settings)); err != nil {
			t.Errorf("%v: %v", settings, err)
		}
	}
}

func TestAMalformedNetworkIsRefused(t *testing.T) {
	const (
		vpc     = " must be the id of a VPC, such as vpc-0123456789abcdef0"
		subnet  = " must be the id of a subnet, such as subnet-0123456789abcdef0"
		network = " must be an IPv4 network without host bits, such as 192.0.2.0/24"
		ofNoUse = " has no effect without vpcId: set vpcId too, or remove this key"
	)
	for _, refusal := range []struct {
		settings  map[string]string
		key, rule string
	}{
		{ownNetwork(map[string]string{"vpcId": "vpc-1"}), "vpcId", vpc},
		{ownNetwork(map[string]string{"vpcId": "vpc-0123456789abcdefg"}), "vpcId", vpc},
		{ownNetwork(map[string]string{"vpcId": testSubnets[0]}), "vpcId", vpc},
		{map[string]string{"vpcId": testVPC}, "vpcId", ` needs loadBalancerSubnetIds: name at least two subnets of the VPC, in two zones`},
		{ownNetwork(map[string]string{"loadBalancerSubnetIds": "subnet-a"}), "loadBalancerSubnetIds", ` must be a list of texts, such as ["subnet-0123456789abcdef0"]`},
		{ownNetwork(map[string]string{"loadBalancerSubnetIds": listOfTexts(testSubnets[0])}), "loadBalancerSubnetIds",
			" must name at least 2 subnets, each in a zone of its own: a load balancer needs that many"},
		{ownNetwork(map[string]string{"loadBalancerSubnetIds": listOfTexts(testSubnets[0], "subnet-1")}), "loadBalancerSubnetIds[1]", subnet},
		{ownNetwork(map[string]string{"loadBalancerSubnetIds": listOfTexts(testSubnets[0], testSubnets[0])}), "loadBalancerSubnetIds[1]",
			" must not repeat loadBalancerSubnetIds[0]; capitals do not make another one"},
		{map[string]string{"loadBalancerSubnetIds": listOfTexts(testSubnets[0], testSubnets[1])}, "loadBalancerSubnetIds", ofNoUse},
		{map[string]string{"taskSubnetIds": listOfTexts(testSubnets[0])}, "taskSubnetIds", ofNoUse},
		{ownNetwork(map[string]string{"taskSubnetIds": `["vpc-01234567"]`}), "taskSubnetIds[0]", subnet},
		{ownNetwork(map[string]string{"taskSubnetIds": listOfTexts(testSubnets[2], testSubnets[2])}), "taskSubnetIds[1]",
			" must not repeat taskSubnetIds[0]; capitals do not make another one"},
		{map[string]string{"taskSubnetIds": "x"}, "taskSubnetIds", ` must be a list of texts, such as ["subnet-0123456789abcdef0"]`},
		{map[string]string{"assignPublicIp": "no"}, "assignPublicIp", " must be true or false"},
		{map[string]string{"internal": "1"}, "internal", " must be true or false"},
		{map[string]string{"allowedCidrBlocks": "[]"}, "allowedCidrBlocks", ` must name at least one network; ["0.0.0.0/0"] lets everybody in`},
		{map[string]string{"allowedCidrBlocks": "x"}, "allowedCidrBlocks", ` must be a list of texts, such as ["192.0.2.0/24"]`},
		{map[string]string{"allowedCidrBlocks": `["10.0.0.0/8","10.0.0.0/8"]`}, "allowedCidrBlocks[1]",
			" must not repeat allowedCidrBlocks[0]; capitals do not make another one"},
		{map[string]string{"allowedCidrBlocks": `["10.1.0.0/8"]`}, "allowedCidrBlocks[0]", network},
		{map[string]string{"allowedCidrBlocks": `["10.0.0.0"]`}, "allowedCidrBlocks[0]", network},
		{map[string]string{"allowedCidrBlocks": `["10.0.0.0/33"]`}, "allowedCidrBlocks[0]", network},
		{map[string]string{"allowedCidrBlocks": `["::/0"]`}, "allowedCidrBlocks[0]", network},
		{map[string]string{"allowedCidrBlocks": `["example.com"]`}, "allowedCidrBlocks[0]", network},
	} {
		wantOneProblem(t, refusal.settings, refusal.key, refusal.rule)
	}
}

func TestSubnetsThatDoNotFitAreRefusedTogether(t *testing.T) {
	recorder := newRecorder()
	foreign, sameZone, gone := "subnet-aaaaaaaa", "subnet-bbbbbbbb", "subnet-cccccccc"
	recorder.statedSubnets[foreign] = [2]string{"vpc-aaaaaaaa", "euw2-az3"}
	recorder.statedSubnets[sameZone] = [2]string{testVPC, "euw2-az1"}
	err := recorder.deploy(ownNetwork(map[string]string{
		"loadBalancerSubnetIds":  listOfTexts(testSubnets[0], foreign, sameZone, testSubnets[2]),
		"taskSubnetIds":          listOfTexts(gone, foreign),
		"permissionsBoundaryArn": "arn:aws:iam::210987654321:policy/a",
	}))
	wantRefusal(t, recorder, err,
		`mediaserver:loadBalancerSubnetIds[1]: "subnet-aaaaaaaa" must be in vpcId (vpc-0123456789abcdef0), but is in vpc-aaaaaaaa`+"\n",
		`mediaserver:loadBalancerSubnetIds[2]: "subnet-bbbbbbbb" must not be in the same zone as subnet-0123456789abcdef0 (euw2-az1): `+
			"a load balancer takes one subnet per zone\n",
		`mediaserver:taskSubnetIds[0]: "subnet-cccccccc" must be a subnet of vpc-0123456789abcdef0 in eu-west-2: `,
		"no matching EC2 Subnet found; `aws ec2 describe-subnets --region eu-west-2 --filters Name=vpc-id,Values=vpc-0123456789abcdef0` lists them\n",
		`mediaserver:taskSubnetIds[1]: "subnet-aaaaaaaa" must be in vpcId`,
		"mediaserver:permissionsBoundaryArn: ")
	// It shares its zone with the foreign subnet, which is not the load balancer's.
	if strings.Contains(err.Error(), "loadBalancerSubnetIds[3]") {
		t.Errorf("a subnet that fits is refused too:\n%v", err)
	}
}

func TestStatedTasksRunOnlyInZonesWithFargate(t *testing.T) {
	// inRegion is a recorder in us-west-1, with the subnets of the test in these zones.
	inRegion := func(zones ...string) *recorder {
		recorder := newRecorder()
		recorder.region = "us-west-1"
		for i, zone := range zones {
			recorder.statedSubnets[testSubnets[i]] = [2]string{testVPC, zone}
		}
		return recorder
	}
	const zones = " AWS Fargate for X86_64 (usw1-az1, usw1-az3)"
	inOne := inRegion("usw1-az1", "usw1-az2")
	if err := inOne.deploy(ownNetwork(nil)); err != nil {
		t.Fatal(err)
	}
	network := inOne.find(t, "Service mediaserver").inputs["networkConfiguration"].(object)
	wantEqual(t, "subnets of the tasks", network["subnets"], list{testSubnets[0]})

	inNone := inRegion("usw1-az2", "usw1-az4")
	wantRefusal(t, inNone, inNone.deploy(ownNetwork(nil)),
		"mediaserver:taskSubnetIds: [] must name a subnet in a zone with"+zones+": no subnet of loadBalancerSubnetIds is in one\n")
	stated := inRegion("usw1-az1", "usw1-az2", "usw1-az3")
	wantRefusal(t, stated, stated.deploy(ownNetwork(map[string]string{"taskSubnetIds": listOfTexts(testSubnets[2], testSubnets[1])})),
		`mediaserver:taskSubnetIds[1]: "`+testSubnets[1]+`" must be in a zone with`+zones+", but is in usw1-az2\n")
}

func TestARM64NeedsAZoneThatHasIt(t *testing.T) {
	onARM64 := map[string]string{"cpuArchitecture": "ARM64"}
	inOsaka := newRecorder()
	inOsaka.region = "ap-northeast-3"
	wantRefusal(t, inOsaka, inOsaka.deploy(with(onARM64, map[string]string{"permissionsBoundaryArn": "arn:aws:iam::210987654321:policy/a"})),
		`mediaserver:cpuArchitecture: "ARM64" must be X86_64 in ap-northeast-3: AWS Fargate has no other processor in several zones there`+"\n",
		"mediaserver:permissionsBoundaryArn: ")
	inVPC := newRecorder()
	inVPC.region = "ap-northeast-3"
	err := inVPC.deploy(ownNetwork(onARM64))
	wantRefusal(t, inVPC, err, "mediaserver:cpuArchitecture: ")
	if strings.Contains(err.Error(), "taskSubnetIds") {
		t.Errorf("the subnets are refused too: %v", err)
	}
	for _, region := range []string{"ap-northeast-3", "us-east-1"} {
		recorder := newRecorder()
		recorder.region = region
		if err := recorder.deploy(nil); err != nil {
			t.Errorf("X86_64 in %s: %v", region, err)
		}
	}
}

// TestTheZonesWithFargateAreThoseOfTheDocumentation holds the table against another spelling of it.
func TestTheZonesWithFargateAreThoseOfTheDocumentation(t *testing.T) {
	var tables []string
	for _, processor := range []string{"X86_64", "ARM64"} {
		regions := slices.Sorted(maps.Keys(fargateZones))
		for _, region := range append(regions, "ap-northeast-3", "eu-west-2", "us-east-1") {
			if zones, limited := zonesWithFargate(region, processor); limited {
				tables = append(tables, fmt.Sprint(processor, zones))
			}
		}
	}
	want := []string{
		"X86_64[apne1-az1 apne1-az2 apne1-az4]", "X86_64[cac1-az1 cac1-az2]", "X86_64[cnn1-az1 cnn1-az2]", "X86_64[usw1-az1 usw1-az3]",
		"ARM64[apne1-az1 apne1-az2 apne1-az4]", "ARM64[cac1-az1 cac1-az2]", "ARM64[cnn1-az1 cnn1-az2]", "ARM64[usw1-az1 usw1-az3]",
		"ARM64[]", "ARM64[use1-az1 use1-az2 use1-az4 use1-az5 use1-az6]",
	}
	if !slices.Equal(tables, want) {
		t.Errorf("the zones are %q, want %q", tables, want)
	}
}
