package awsprovider

import (
	"github.com/aws/aws-sdk-go-v2/service/ecs/types"

	"mediaserver/tests/internal/provider"
)

type runtimePlatform struct {
	Architecture    *string `pulumi:"cpuArchitecture,optional"`
	OperatingSystem *string `pulumi:"operatingSystemFamily,optional"`
}

// operatingSystems are those that ECS knows.
//
// Source: Amazon ECS API reference, RuntimePlatform, as the AWS SDK lists it.
func operatingSystems() []string {
	var names []string
	for _, family := range types.OSFamily("").Values() {
		names = append(names, string(family))
	}
	return names
}

// checkPlatform refuses a platform that ECS does not know, or that has no tasks.
//
// Rules: Amazon ECS API reference, RuntimePlatform: ARM64 is for Linux tasks.
func checkPlatform(platform *runtimePlatform, problems *provider.Problems) {
	if platform == nil {
		return
	}
	if platform.Architecture != nil {
		checkOneOf(problems, "runtimePlatform.cpuArchitecture", *platform.Architecture, []string{"X86_64", "ARM64"})
	}
	if platform.OperatingSystem == nil {
		return
	}
	checkOneOf(problems, "runtimePlatform.operatingSystemFamily", *platform.OperatingSystem, operatingSystems())
	if deref(platform.Architecture) == "ARM64" && *platform.OperatingSystem != "LINUX" {
		problems.Refuse("runtimePlatform.operatingSystemFamily", *platform.OperatingSystem, "must be LINUX for ARM64")
	}
}
