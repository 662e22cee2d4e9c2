package main

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/ec2"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/route53"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// zonesForLoadBalancer is the number of availability zones that an Application
// Load Balancer needs.
const zonesForLoadBalancer = 2

// fargateZones are the ids of the availability zones that have AWS Fargate, for
// the regions in which others have not (Amazon ECS developer guide, "Supported
// Regions for Amazon ECS on AWS Fargate"). AWS does not say what becomes of a
// task that is placed in another zone, so none is.
var fargateZones = map[string][]string{
	"ap-northeast-1": {"apne1-az1", "apne1-az2", "apne1-az4"},
	"ca-central-1":   {"cac1-az1", "cac1-az2"},
	"cn-north-1":     {"cnn1-az1", "cnn1-az2"},
	"us-west-1":      {"usw1-az1", "usw1-az3"},
}

// fargateARM64Zones are those of the regions that have fewer for ARM64 (Amazon
// ECS developer guide, "Amazon ECS task definitions for 64-bit ARM workloads").
// Osaka has one of three, apne3-az1. Tasks in a single zone are lost with it, so
// the region counts as one without any.
var fargateARM64Zones = map[string][]string{
	"ap-northeast-3": {},
	"us-east-1":      {"use1-az1", "use1-az2", "use1-az4", "use1-az5", "use1-az6"},
}

// zonesWithFargate are the ids of the zones of a region in which tasks can run
// on a processor, and whether there are others.
func zonesWithFargate(region, processor string) (zones []string, limited bool) {
	if zones, limited = fargateARM64Zones[region]; limited && processor == arm64 {
		return zones, true
	}
	zones, limited = fargateZones[region]
	return zones, limited
}

// environmentOutputs are what the stack finds in the account and does not own.
type environmentOutputs struct {
	// accountID is the number of the AWS account: twelve digits.
	accountID string
	// region is the name of the region, such as eu-west-2.
	region string
	// partition is the family of regions, aws outside China and GovCloud. ARNs
	// begin with it.
	partition string
	// vpcID is the setting vpcId, or the default VPC of the region.
	vpcID string
	// subnetIDs are the subnets of the load balancer, one in each of its availability
	// zones: those that the settings state, or the default ones. They are sorted so
	// that their order never shows as a change.
	subnetIDs []string
	// taskSubnetIDs are the subnets of the tasks: those that the settings state, or
	// those of the load balancer in zones with AWS Fargate, sorted.
	taskSubnetIDs []string
	// statedSubnets are the subnets that the settings state, by their ids.
	statedSubnets map[string]statedSubnet
	// hostedZone is the zone of the setting hostedZoneId. Empty without it.
	hostedZone hostedZone
}

// statedSubnet is a subnet that a setting names.
type statedSubnet struct {
	// vpcID is the VPC that it is in.
	vpcID string
	// zoneID is the id of its availability zone, which is the same in every account.
	zoneID string
	// err says why it was not found. Nil if it was.
	err error
}

// hostedZone is a zone of Route 53.
type hostedZone struct {
	// name is the domain that the zone answers for, without a dot at the end.
	name string
	// private tells that only networks in AWS can ask it.
	private bool
	// nameServers are the servers that answer for it.
	nameServers []string
}

// arn is the ARN of something in the stack's account and region.
func (e environmentOutputs) arn(service, resource string) string {
	return fmt.Sprintf("arn:%s:%s:%s:%s:%s", e.partition, service, e.region, e.accountID, resource)
}

// discoverEnvironment is phase 2: the default VPC and its default subnets, or
// those of the settings, and beside them the account, the region and the
// partition, which policies need, and the zone of the domain, if there is one.
// Without a default VPC, or with default subnets in too few zones, it returns an
// error with the remedy.
func discoverEnvironment(ctx *pulumi.Context, settings settings) (environmentOutputs, error) {
	// The provider knows these two without asking AWS.
	region, err := aws.GetRegion(ctx, nil)
	if err != nil {
		return environmentOutputs{}, fmt.Errorf("find the AWS region: %w", err)
	}
	partition, err := aws.GetPartition(ctx, nil)
	if err != nil {
		return environmentOutputs{}, fmt.Errorf("find the AWS partition: %w", err)
	}
	found := environmentOutputs{region: region.Name, partition: partition.Partition}
	err = sideBySide(
		func() error { return found.findAccount(ctx) },
		func() error { return found.findNetwork(ctx, settings) },
		func() error { return found.findHostedZone(ctx, settings.hostedZoneID) },
	)
	if err != nil {
		return environmentOutputs{}, err
	}
	return found, nil
}

func (e *environmentOutputs) findAccount(ctx *pulumi.Context) error {
	identity, err := aws.GetCallerIdentity(ctx, nil)
	if err != nil {
		return fmt.Errorf("find the AWS account: %w", err)
	}
	e.accountID = identity.AccountId
	return nil
}

// findNetwork looks up the network that the settings state, or the default one.
func (e *environmentOutputs) findNetwork(ctx *pulumi.Context, settings settings) error {
	zones, zonesDiffer := zonesWithFargate(e.region, settings.cpuArchitecture)
	if settings.vpcID == "" {
		return e.findDefaultNetwork(ctx, zones)
	}
	e.vpcID = settings.vpcID
	e.findStatedSubnets(ctx, slices.Concat(settings.loadBalancerSubnetIDs, settings.taskSubnetIDs))
	e.subnetIDs = slices.Sorted(slices.Values(settings.loadBalancerSubnetIDs))
	e.taskSubnetIDs = slices.Sorted(slices.Values(settings.taskSubnetIDs))
	if len(e.taskSubnetIDs) == 0 {
		e.taskSubnetIDs = slices.DeleteFunc(slices.Clone(e.subnetIDs), func(id string) bool {
			return zonesDiffer && !slices.Contains(zones, e.statedSubnets[id].zoneID)
		})
	}
	return nil
}

// findStatedSubnets looks up subnets by their ids. If one is not found, the rules
// of its setting report it.
func (e *environmentOutputs) findStatedSubnets(ctx *pulumi.Context, ids []string) {
	found := make([]statedSubnet, len(ids))
	var running sync.WaitGroup
	for i, id := range ids {
		running.Go(func() {
			subnet, err := ec2.LookupSubnet(ctx, &ec2.LookupSubnetArgs{Id: pulumi.StringRef(id)})
			if err != nil {
				found[i].err = err
				return
			}
			found[i] = statedSubnet{vpcID: subnet.VpcId, zoneID: subnet.AvailabilityZoneId}
		})
	}
	running.Wait()
	e.statedSubnets = map[string]statedSubnet{}
	for i, id := range ids {
		e.statedSubnets[id] = found[i]
	}
}

// findDefaultNetwork looks up the default VPC and its default subnets. The zones
// are those with AWS Fargate, if others have none.
func (e *environmentOutputs) findDefaultNetwork(ctx *pulumi.Context, zones []string) error {
	vpc, err := ec2.LookupVpc(ctx, &ec2.LookupVpcArgs{Default: pulumi.BoolRef(true)})
	if err != nil {
		return fmt.Errorf(
			"find the default VPC of %[1]s: %[2]w; if the region has none, create it with `aws ec2 create-default-vpc --region %[1]s`",
			e.region, err)
	}
	e.vpcID = vpc.Id
	if e.subnetIDs, err = findDefaultSubnets(ctx, vpc.Id); err != nil {
		return err
	}
	if len(e.subnetIDs) < zonesForLoadBalancer {
		return fmt.Errorf(
			"the default VPC %s has default subnets in %d of the zones of %s, and a load balancer needs %d: "+
				"create more with `aws ec2 create-default-subnet --region %s --availability-zone ZONE`",
			e.vpcID, len(e.subnetIDs), e.region, zonesForLoadBalancer, e.region)
	}
	e.taskSubnetIDs = e.subnetIDs
	// Without a list, every zone will do, or none has the processor, which the rules of
	// its setting report.
	if len(zones) == 0 {
		return nil
	}
	e.taskSubnetIDs, err = findDefaultSubnets(ctx, vpc.Id, ec2.GetSubnetsFilter{Name: "availability-zone-id", Values: zones})
	if err == nil && len(e.taskSubnetIDs) == 0 {
		err = fmt.Errorf(
			"the default VPC %s has no default subnet in a zone of %s with AWS Fargate (%s): "+
				"create one with `aws ec2 create-default-subnet --region %s --availability-zone ZONE`; "+
				"`aws ec2 describe-availability-zones` tells the name of each id",
			e.vpcID, e.region, strings.Join(zones, ", "), e.region)
	}
	return err
}

// findDefaultSubnets returns the ids of the default subnets of a VPC that also
// pass the further filters, sorted. There is at most one default subnet in a
// zone, so their number is the number of zones.
func findDefaultSubnets(ctx *pulumi.Context, vpcID string, filters ...ec2.GetSubnetsFilter) ([]string, error) {
	subnets, err := ec2.GetSubnets(ctx, &ec2.GetSubnetsArgs{Filters: append([]ec2.GetSubnetsFilter{
		{Name: "vpc-id", Values: []string{vpcID}},
		{Name: "default-for-az", Values: []string{"true"}},
	}, filters...)})
	if err != nil {
		return nil, fmt.Errorf("find the default subnets of %s: %w", vpcID, err)
	}
	return slices.Sorted(slices.Values(subnets.Ids)), nil
}

// findHostedZone looks up the zone of the domain, if there is to be one.
func (e *environmentOutputs) findHostedZone(ctx *pulumi.Context, id string) error {
	if id == "" {
		return nil
	}
	zone, err := route53.LookupZone(ctx, &route53.LookupZoneArgs{ZoneId: pulumi.StringRef(id)})
	if err != nil {
		return fmt.Errorf("find the hosted zone %s: %w; `aws route53 list-hosted-zones` lists those of the account", id, err)
	}
	e.hostedZone = hostedZone{
		name:        strings.TrimSuffix(zone.Name, "."),
		private:     zone.PrivateZone != nil && *zone.PrivateZone,
		nameServers: zone.NameServers,
	}
	return nil
}

// sideBySide does several things at the same time, because each waits for AWS
// most of its time. It returns the errors of all of them.
func sideBySide(tasks ...func() error) error {
	failures := make([]error, len(tasks))
	var running sync.WaitGroup
	for i, task := range tasks {
		running.Go(func() { failures[i] = task() })
	}
	running.Wait()
	return errors.Join(failures...)
}
