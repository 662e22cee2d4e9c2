// Package readback reads every resource of a deployed stack back through the AWS APIs and compares it with what the
// guide and the stack's settings say. The end-to-end tests use it on the emulator, the acceptance run on AWS itself.
//
// It compares what the program sets, as AWS documents its answers. What AWS adds by itself is left out: further
// fields, the order of lists that have none, tags that AWS keeps for itself.
package readback

import (
	"context"
	"fmt"
	"slices"

	"mediaserver/tests/internal/awsclients"
)

// Deployment is what was deployed, and where.
type Deployment struct {
	// Account is the number of the AWS account, Region the name of the region, and Partition its family of regions,
	// which ARNs begin with: aws outside China and GovCloud.
	Account, Region, Partition string
	// Settings are the settings of the stack.
	Settings Settings
	// Tags are the stack's default tags (aws:defaultTags), which every resource carries that can have tags.
	Tags map[string]string
	// Outputs are the stack's outputs as JSON decodes them.
	Outputs map[string]any
	// CreatedService is the request that created the ECS service, as JSON. It is read instead of the answer of an
	// emulator that forgets a part of the service. Empty on AWS.
	CreatedService string
}

// Result is what reading one resource back has shown.
type Result struct {
	// Resource is the resource as the inventory calls it: the end of its type, and its name.
	Resource string
	// Compared is the number of comparisons.
	Compared int
	// Differences are what is not as it should be, or why the resource could not be read. Empty if all is well.
	Differences []string
}

// resource is how one resource is read back.
type resource struct {
	// key is the resource in the inventory ([inventory.Resource.Key]).
	key  string
	read func(*reader)
	// present tells whether the settings bring the resource. Nil for what is always there.
	present func(Settings) bool
}

// resources has a row for each resource that the program may register. The expectations are the guide's own words and
// numbers; nothing is taken from the program.
var resources = slices.Concat(
	networkResources, randomResources, storageResources, registryResources, roleResources, parameterResources,
	loadBalancerResources, listenerResources, domainResources, containerResources, scalingResources, monitoringResources,
	alarmResources,
)

// Read reads the resources of a deployment back, all that its settings bring, or only those with the given keys. It
// goes on after a difference, so that the results show every one. A key that no present resource has is a programming
// error and ends in a panic.
func Read(ctx context.Context, clients *awsclients.Clients, deployment Deployment, keys ...string) []Result {
	var results []Result
	for _, resource := range resources {
		if resource.present != nil && !resource.present(deployment.Settings) {
			continue
		}
		if len(keys) == 0 || slices.Contains(keys, resource.key) {
			results = append(results, resource.check(ctx, clients, deployment))
		}
	}
	if len(keys) > 0 && len(results) != len(keys) {
		panic(fmt.Sprintf("read back %q: found only %d of these resources", keys, len(results)))
	}
	return results
}

// Differences are all differences of the results, each with its resource.
func Differences(results []Result) []string {
	var all []string
	for _, result := range results {
		for _, difference := range result.Differences {
			all = append(all, result.Resource+": "+difference)
		}
	}
	return all
}

// check reads one resource back.
func (each resource) check(ctx context.Context, clients *awsclients.Clients, deployment Deployment) (result Result) {
	r := &reader{Clients: clients, Deployment: deployment, ctx: ctx}
	defer func() {
		switch cause := recover().(type) {
		case nil:
			if r.compared == 0 {
				r.differ("nothing was compared")
			}
		case unreadable:
		default:
			panic(cause)
		}
		result = Result{Resource: each.key, Compared: r.compared, Differences: r.differences}
	}()
	each.read(r)
	return result
}
