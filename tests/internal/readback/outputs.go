package readback

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
)

// outputShapes is the contract between the stack and those who read its outputs: each key and the shape of its value,
// with what the deployment decides in braces.
var outputShapes = map[string]string{
	"albDnsName":           `{name}-alb-[a-z0-9-]+\.{region}\.elb\.{domain}`,
	"appUrl":               `https?://[a-z0-9.-]+`,
	"bucketName":           `{name}-storage-[a-z0-9]{8}`,
	"ecrRepositoryUrl":     `{account}\.dkr\.ecr\.{region}\.{domain}/{name}`,
	"ecsClusterName":       `{name}-cluster`,
	"ecsServiceName":       `{name}-service`,
	"taskDefinitionArn":    `arn:{partition}:ecs:{region}:{account}:task-definition/{name}:[1-9][0-9]*`,
	"taskDefinitionFamily": `{name}`,
	"containerName":        `{name}`,
	"containerPort":        `{port}`,
	"logGroupName":         `/ecs/{name}`,
	"appLogGroupName":      `/aws/ecs/{name}/app`,
	"dashboardName":        `{name}-dashboard`,
	"dashboardUrl":         `https://{region}\.{console}/cloudwatch/home\?region={region}#dashboards/dashboard/{name}-dashboard`,
	"region":               `{region}`,
	"jwtSecretParameter":   `/{name}/jwt-secret`,
	"appConfigParameter":   `/{name}/app-config`,
	"bucketNameParameter":  `/{name}/s3-bucket-name`,
}

// consoles are the domains of the AWS console by partition.
var consoles = map[string]string{
	"aws":        "console.aws.amazon.com",
	"aws-cn":     "console.amazonaws.cn",
	"aws-us-gov": "console.amazonaws-us-gov.com",
}

// Outputs compares the outputs of a deployment with the contract: all are there, no others, each of its shape. It
// returns every difference.
func Outputs(deployment Deployment) []string {
	r := &reader{Deployment: deployment}
	fill := strings.NewReplacer("{name}", r.Settings.Name, "{region}", r.Region, "{account}", r.Account,
		"{partition}", r.Partition, "{port}", fmt.Sprint(r.Settings.AppPort),
		"{domain}", regexp.QuoteMeta(r.domain()), "{console}", regexp.QuoteMeta(consoles[r.Partition]))
	r.set("the list of outputs", slices.Collect(maps.Keys(r.Outputs)), slices.Collect(maps.Keys(outputShapes))...)
	for _, key := range slices.Sorted(maps.Keys(outputShapes)) {
		shape := fill.Replace(outputShapes[key])
		if value := fmt.Sprint(r.Outputs[key]); !regexp.MustCompile("^" + shape + "$").MatchString(value) {
			r.differ("output %s is %q, want the shape %s", key, value, shape)
		}
	}
	url := fmt.Sprintf("http://%v", r.Outputs["albDnsName"])
	if r.Settings.DomainName != "" {
		url = "https://" + r.Settings.DomainName
	}
	r.equal("output appUrl", r.Outputs["appUrl"], url)
	if _, isNumber := r.Outputs["containerPort"].(float64); !isNumber {
		r.differ("output containerPort is a %T, want a number", r.Outputs["containerPort"])
	}
	return r.differences
}
