package tryimage

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
)

// Outputs are the outputs of the stack that lead to what the tasks run.
type Outputs struct {
	Region            string `json:"region"`
	ClusterName       string `json:"ecsClusterName"`
	ServiceName       string `json:"ecsServiceName"`
	ContainerName     string `json:"containerName"`
	TaskDefinitionARN string `json:"taskDefinitionArn"`
	BucketName        string `json:"bucketName"`
}

// ParseOutputs reads what `pulumi stack output --json` prints.
func ParseOutputs(text []byte) (Outputs, error) {
	var outputs Outputs
	if err := json.Unmarshal(text, &outputs); err != nil {
		return outputs, errors.New("the outputs cannot be read; they must be what 'pulumi stack output --json' prints")
	}
	var missing []string
	for _, each := range []struct{ name, value string }{
		{"bucketName", outputs.BucketName},
		{"containerName", outputs.ContainerName},
		{"ecsClusterName", outputs.ClusterName},
		{"ecsServiceName", outputs.ServiceName},
		{"region", outputs.Region},
		{"taskDefinitionArn", outputs.TaskDefinitionARN},
	} {
		if each.value == "" {
			missing = append(missing, each.name)
		}
	}
	if len(missing) > 0 {
		return outputs, fmt.Errorf("missing stack output: %s; run 'pulumi up', then try again", strings.Join(missing, ", "))
	}
	return outputs, nil
}
