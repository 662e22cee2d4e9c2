package adoption

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"

	"mediaserver/tests/internal/terraformstate"
)

// How a resource gets into the stack.
const (
	// byImport: `pulumi import` reads it from AWS.
	byImport = "imported"
	// intoState: it is nowhere but in a state, so it goes from Terraform's into Pulumi's.
	intoState = "put into the stack's state, encrypted where it is secret"
	// byRegistering: a revision never changes, and the first update registers the next one.
	byRegistering = "followed by a new revision, and stays registered"
)

// way is how the resources of a type get into the stack.
type way struct {
	by string
	// id makes the id that `pulumi import` wants. It is that of `terraform import`, from the documentation of each
	// resource in the AWS provider 5 ("Import").
	id func(terraformstate.Resource) string
}

// attribute is the id of a type that is imported by one of its attributes.
func attribute(name string) way {
	return way{byImport, func(r terraformstate.Resource) string { return r.Text(name) }}
}

// joined is the id of a type that is imported by several attributes.
func joined(separator string, names ...string) way {
	return way{byImport, func(r terraformstate.Resource) string {
		var parts []string
		for _, name := range names {
			part := r.Text(name)
			if part == "" {
				return ""
			}
			parts = append(parts, part)
		}
		return strings.Join(parts, separator)
	}}
}

// ways are all types of the guide by their Terraform type.
var ways = map[string]way{
	"random_string":      {by: intoState},
	"random_password":    {by: intoState},
	"aws_security_group": attribute("id"),
	"aws_s3_bucket":      attribute("bucket"),
	"aws_ecr_repository": attribute("name"),
	// An owner that is part of the id would be a property that the program does not state, and that cannot change.
	"aws_s3_bucket_server_side_encryption_configuration": attribute("bucket"),
	"aws_s3_bucket_versioning":                           attribute("bucket"),
	"aws_s3_bucket_public_access_block":                  attribute("bucket"),
	"aws_s3_bucket_cors_configuration":                   attribute("bucket"),
	"aws_s3_bucket_lifecycle_configuration":              attribute("bucket"),
	"aws_ecr_lifecycle_policy":                           attribute("repository"),
	"aws_ecr_repository_policy":                          attribute("repository"),
	"aws_iam_role":                                       attribute("name"),
	"aws_iam_role_policy_attachment":                     joined("/", "role", "policy_arn"),
	"aws_iam_role_policy":                                joined(":", "role", "name"),
	"aws_ssm_parameter":                                  attribute("name"),
	"aws_lb":                                             attribute("arn"),
	"aws_lb_target_group":                                attribute("arn"),
	"aws_lb_listener":                                    attribute("arn"),
	"aws_route53_record": {byImport, func(r terraformstate.Resource) string {
		return r.Text("zone_id") + "_" + recordName(r) + "_" + r.Text("type")
	}},
	"aws_ecs_cluster":                    attribute("name"),
	"aws_ecs_cluster_capacity_providers": attribute("cluster_name"),
	"aws_ecs_task_definition":            {by: byRegistering},
	"aws_ecs_service": {byImport, func(r terraformstate.Resource) string {
		cluster, name := lastPart(r.Text("cluster")), r.Text("name")
		if cluster == "" || name == "" {
			return ""
		}
		return cluster + "/" + name
	}},
	"aws_appautoscaling_target":   joined("/", "service_namespace", "resource_id", "scalable_dimension"),
	"aws_appautoscaling_policy":   joined("/", "service_namespace", "resource_id", "scalable_dimension", "name"),
	"aws_cloudwatch_metric_alarm": attribute("alarm_name"),
	"aws_cloudwatch_log_group":    attribute("name"),
	"aws_cloudwatch_dashboard":    attribute("dashboard_name"),
}

// lastPart is the name at the end of an ARN, or the whole name.
func lastPart(arn string) string { return arn[strings.LastIndex(arn, "/")+1:] }

// importFile is what `pulumi import --file` takes (pulumi/pkg, cmd/pulumi/operations, importFile).
type importFile struct {
	Resources []importSpec `json:"resources"`
}

type importSpec struct {
	Type string `json:"type"`
	Name string `json:"name"`
	ID   string `json:"id"`
	// Version is that of the plugin. The same as the program's, or Pulumi takes the provider for another one.
	Version string `json:"version"`
}

// Imports are the resources that Pulumi imports, but for those that the stack has already: Pulumi refuses to import
// these again where their id is not the one that they are imported by. deployment may be nil for an empty stack.
func (a Adoption) Imports(deployment *Deployment) []Match {
	var imports []Match
	for _, match := range a.Matches {
		isThere := deployment != nil && deployment.find(match.Ours.Type, match.Ours.Name) != nil
		if ways[terraformType(match.Ours)].by == byImport && !isThere {
			imports = append(imports, match)
		}
	}
	return imports
}

// WriteImportFile writes what `pulumi import --file` takes. It holds no secret.
func (a Adoption) WriteImportFile(writer io.Writer, imports []Match) error {
	file := importFile{Resources: []importSpec{}}
	for _, match := range imports {
		file.Resources = append(file.Resources, importSpec{
			Type: match.Ours.Type, Name: match.Ours.Name, Version: a.versions.AWS,
			ID: ways[terraformType(match.Ours)].id(match.Theirs),
		})
	}
	encoder := json.NewEncoder(writer)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", "  ")
	return encoder.Encode(file)
}

// checkIDs reports what cannot be imported for want of an id.
func (a Adoption) checkIDs() []string {
	var problems []string
	for _, match := range a.Matches {
		way := ways[terraformType(match.Ours)]
		if way.by == byImport && way.id(match.Theirs) == "" {
			problems = append(problems, fmt.Sprintf("%s: the state does not say its name; run `terraform apply -refresh-only` first", match.Theirs.Address))
		}
	}
	return problems
}
