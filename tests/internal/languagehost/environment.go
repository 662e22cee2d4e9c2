package languagehost

import (
	"encoding/json"
	"fmt"
	"strconv"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
)

// programEnvironment is the environment that the Go SDK reads in a program that the engine at the given
// address runs. It starts from base without base's own PULUMI_ variables, which belong to whoever started
// the host and not to this run.
func programEnvironment(base []string, request *pulumirpc.RunRequest, engineAddress string) ([]string, error) {
	config, err := encode(request.GetConfig(), len(request.GetConfig()))
	if err != nil {
		return nil, fmt.Errorf("encode the program's configuration: %w", err)
	}
	secretKeys, err := encode(request.GetConfigSecretKeys(), len(request.GetConfigSecretKeys()))
	if err != nil {
		return nil, fmt.Errorf("encode the names of the program's secret settings: %w", err)
	}
	var environment []string
	for _, variable := range base {
		if !strings.HasPrefix(variable, "PULUMI_") {
			environment = append(environment, variable)
		}
	}
	for _, variable := range []struct{ name, value string }{
		{pulumi.EnvOrganization, request.GetOrganization()},
		{pulumi.EnvProject, request.GetProject()},
		{pulumi.EnvPulumiRootDirectory, request.GetInfo().GetRootDirectory()},
		{pulumi.EnvStack, request.GetStack()},
		{pulumi.EnvConfig, config},
		{pulumi.EnvConfigSecretKeys, secretKeys},
		{pulumi.EnvDryRun, strconv.FormatBool(request.GetDryRun())},
		{pulumi.EnvParallel, strconv.Itoa(int(request.GetParallel()))},
		{pulumi.EnvMonitor, request.GetMonitorAddress()},
		{pulumi.EnvEngine, engineAddress},
	} {
		if variable.value != "" {
			environment = append(environment, variable.name+"="+variable.value)
		}
	}
	return environment, nil
}

// encode is the JSON of a value, or nothing for a value without elements.
func encode(value any, elements int) (string, error) {
	if elements == 0 {
		return "", nil
	}
	text, err := json.Marshal(value)
	return string(text), err
}
