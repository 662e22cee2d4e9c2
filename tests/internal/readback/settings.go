package readback

import "strings"

// Settings are the settings of the program that a resource shows in AWS. Their meaning is in the README.
type Settings struct {
	Name                   string
	AppPort                int
	HealthCheckPath        string
	NodeEnv                string
	ImageTag               string
	CPU                    int
	Memory                 int
	CPUArchitecture        string
	DesiredCount           int
	MinCapacity            int
	MaxCapacity            int
	ScaleUpCPU             int
	ScaleDownCPU           int
	CORSAllowedOrigins     []string
	LogRetentionDays       int
	ContainerInsights      string
	OldVersionDays         int
	ExecuteCommand         bool
	PermissionsBoundaryARN string
	DomainName             string
	HostedZoneID           string
	CertificateARN         string
	AlarmEmails            []string
	AlarmTopicARN          string
	AlarmErrorPercent      int
	AlarmResponseSeconds   int
}

// Guide are the settings of a stack that is as the guide describes it.
func Guide() Settings {
	return Settings{
		Name:               "mediaserver",
		AppPort:            3000,
		HealthCheckPath:    "/health",
		NodeEnv:            "production",
		ImageTag:           "latest",
		CPU:                256,
		Memory:             512,
		CPUArchitecture:    "X86_64",
		DesiredCount:       2,
		MinCapacity:        1,
		MaxCapacity:        10,
		ScaleUpCPU:         70,
		ScaleDownCPU:       20,
		CORSAllowedOrigins: []string{"*"},
		LogRetentionDays:   30,
		ContainerInsights:  "enabled",
		ExecuteCommand:     true,

		AlarmErrorPercent:    5,
		AlarmResponseSeconds: 5,
	}
}

// named makes a physical name of the stack: the pattern with {name} replaced by the setting name.
func (r *reader) named(pattern string) string {
	return strings.ReplaceAll(pattern, "{name}", r.Settings.Name)
}

// arn makes an ARN in the deployment's account and region.
func (r *reader) arn(service, resource string) string {
	return strings.Join([]string{"arn", r.Partition, service, r.Region, r.Account, resource}, ":")
}

// roleARN makes the ARN of a role of the stack. IAM knows no regions.
func (r *reader) roleARN(role string) string {
	return strings.Join([]string{"arn", r.Partition, "iam", "", r.Account, "role/" + r.named(role)}, ":")
}

// domain is the domain of AWS's services in the deployment's partition.
func (r *reader) domain() string {
	if r.Partition == "aws-cn" {
		return "amazonaws.com.cn"
	}
	return "amazonaws.com"
}

// output is an output of the stack that is a text. AWS or Pulumi made up a part of it, so that it is known from there
// alone.
func (r *reader) output(name string) string {
	text, _ := r.Outputs[name].(string)
	if text == "" {
		r.fail("the output %s, which names it, is missing", name)
	}
	return text
}
