package main

import (
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"
)

func TestTheLookupsAskForTheDefaultNetwork(t *testing.T) {
	wantEqual(t, "lookups", widen(run(t, nil).lookups), object{
		"aws:index/getCallerIdentity:getCallerIdentity": object{},
		"aws:index/getRegion:getRegion":                 object{},
		"aws:index/getPartition:getPartition":           object{},
		"aws:ec2/getVpc:getVpc":                         object{"default": true},
		"aws:ec2/getSubnets:getSubnets": object{"filters": list{
			object{"name": "vpc-id", "values": list{"vpc-1"}},
			object{"name": "default-for-az", "values": list{"true"}},
		}},
	})
}

// widen makes a map of objects comparable with an expectation.
func widen(objects map[string]map[string]any) object {
	wide := object{}
	for key, value := range objects {
		wide[key] = value
	}
	return wide
}

func TestAMissingDefaultVPCIsExplainedBeforeAnythingIsRegistered(t *testing.T) {
	recorder := newRecorder()
	recorder.vpcError = errors.New("no matching EC2 VPC found")
	wantRefusal(t, recorder, recorder.deploy(nil),
		"find the default VPC of eu-west-2: ", "no matching EC2 VPC found",
		"; if the region has none, create it with `aws ec2 create-default-vpc --region eu-west-2`\n")
}

func TestDefaultSubnetsInOneZoneAreTooFew(t *testing.T) {
	for _, subnets := range [][]string{nil, {"subnet-a"}} {
		recorder := newRecorder()
		recorder.subnets = subnets
		wantRefusal(t, recorder, recorder.deploy(nil),
			fmt.Sprintf("the default VPC vpc-1 has default subnets in %d of the zones of eu-west-2 "+
				"(eu-west-2a, eu-west-2b, eu-west-2c), and a load balancer needs 2: create the missing ones with "+
				"`aws ec2 create-default-subnet --region eu-west-2 --availability-zone ZONE`\n", len(subnets)))
	}
}

func TestDefaultSubnetsInTwoZonesAreEnough(t *testing.T) {
	recorder := newRecorder()
	recorder.subnets = []string{"subnet-b", "subnet-a"}
	if err := recorder.deploy(nil); err != nil {
		t.Fatal(err)
	}
	wantEqual(t, "subnets", recorder.find(t, "LoadBalancer mediaserver").inputs["subnets"], list{"subnet-a", "subnet-b"})
}

func TestTasksRunOnlyInZonesWithFargate(t *testing.T) {
	for region, zones := range fargateZones {
		recorder := newRecorder()
		recorder.region, recorder.fargateSubnets = region, []string{"subnet-c", "subnet-a"}
		if err := recorder.deploy(nil); err != nil {
			t.Fatalf("%s: %v", region, err)
		}
		wantEqual(t, region+": filters", recorder.lookups["aws:ec2/getSubnets:getSubnets in zones with AWS Fargate"]["filters"], list{
			object{"name": "vpc-id", "values": list{"vpc-1"}},
			object{"name": "default-for-az", "values": list{"true"}},
			object{"name": "availability-zone-id", "values": list(anySlice(zones))},
		})
		network := recorder.find(t, "Service mediaserver").inputs["networkConfiguration"].(object)
		wantEqual(t, region+": subnets of the tasks", network["subnets"], list{"subnet-a", "subnet-c"})
		wantEqual(t, region+": subnets of the load balancer", recorder.find(t, "LoadBalancer mediaserver").inputs["subnets"],
			list{"subnet-a", "subnet-b", "subnet-c"})
	}
}

func TestNoSubnetInAZoneWithFargateIsExplained(t *testing.T) {
	recorder := newRecorder()
	recorder.region = "us-west-1"
	wantRefusal(t, recorder, recorder.deploy(nil),
		"the default VPC vpc-1 has no default subnet in a zone of us-west-1 with AWS Fargate (usw1-az1, usw1-az3): "+
			"create one with `aws ec2 create-default-subnet --region us-west-1 --availability-zone ZONE`; "+
			"`aws ec2 describe-availability-zones` tells the name of each id\n")
}

func TestZonesAreAskedForOnlyWhereTheyAreNamed(t *testing.T) {
	const zones = "aws:index/getAvailabilityZones:getAvailabilityZones"
	if _, asked := run(t, nil).lookups[zones]; asked {
		t.Error("an account with enough subnets is asked for its zones")
	}
	recorder := newRecorder()
	recorder.subnets = nil
	_ = recorder.deploy(nil)
	wantEqual(t, "zones", recorder.lookups[zones], object{"state": "available"})
}

func TestEveryProblemOfTheAccountIsReportedAtOnce(t *testing.T) {
	recorder := newRecorder()
	recorder.vpcError = errors.New("no matching EC2 VPC found")
	recorder.identityError = errors.New("expired token")
	wantRefusal(t, recorder, recorder.deploy(nil), "find the AWS account: ", "expired token", "find the default VPC of eu-west-2: ")
}

// TestAccountAndNetworkAreLookedUpSideBySide lets neither lookup end before the
// other has begun.
func TestAccountAndNetworkAreLookedUpSideBySide(t *testing.T) {
	together := []string{"aws:index/getCallerIdentity:getCallerIdentity", "aws:ec2/getVpc:getVpc"}
	var begun sync.WaitGroup
	begun.Add(len(together))
	allBegun := make(chan struct{})
	go func() {
		begun.Wait()
		close(allBegun)
	}()
	recorder := newRecorder()
	recorder.beforeLookup = func(token string) {
		if !slices.Contains(together, token) {
			return
		}
		begun.Done()
		select {
		case <-allBegun:
		case <-time.After(10 * time.Second):
			t.Errorf("%s waits for nothing else", token)
		}
	}
	if err := recorder.deploy(nil); err != nil {
		t.Fatal(err)
	}
}
