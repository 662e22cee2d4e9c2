package adoption

import (
	"fmt"
	"slices"
	"strings"

	"mediaserver/tests/internal/terraformstate"
)

// check reports what would be wrong to adopt, each with what to do.
func (a *Adoption) check(state terraformstate.State) []string {
	problems := a.checkState()
	problems = append(problems, a.checkPlace()...)
	problems = append(problems, a.checkNetwork(state)...)
	problems = append(problems, a.checkBucket(state)...)
	problems = append(problems, a.checkSecret()...)
	problems = append(problems, a.checkKinds()...)
	problems = append(problems, a.checkThresholds()...)
	problems = append(problems, a.checkListeners()...)
	problems = append(problems, a.checkHTTPS(state)...)
	return append(problems, a.checkIDs()...)
}

// checkState reports what Terraform itself has not finished.
func (a Adoption) checkState() []string {
	var problems []string
	for _, match := range a.Matches {
		if match.Theirs.Tainted || match.Theirs.Deposed {
			problems = append(problems, fmt.Sprintf(
				"%s: Terraform means to replace it; finish that with `terraform apply`, or take it back with `terraform untaint`",
				match.Theirs.Address))
		}
	}
	return problems
}

// checkPlace finds the account and the region in the ARNs, and reports more than one of them.
func (a *Adoption) checkPlace() []string {
	var problems []string
	accounts, regions := map[string]string{}, map[string]string{}
	for _, match := range a.Matches {
		// arn:PARTITION:SERVICE:REGION:ACCOUNT:RESOURCE; of a global service, or a bucket, some parts are empty.
		parts := strings.SplitN(match.Theirs.Text("arn"), ":", 6)
		if len(parts) < 6 {
			continue
		}
		region := parts[3]
		if match.Ours.Terraform == bucketAddress {
			region = match.Theirs.Text("region")
		}
		for value, seen := range map[string]map[string]string{region: regions, parts[4]: accounts} {
			if _, known := seen[value]; value != "" && !known {
				seen[value] = match.Theirs.Address
			}
		}
	}
	var what string
	what, a.Account = only("account", accounts)
	if what != "" {
		problems = append(problems, what)
	}
	if what, a.Region = only("region", regions); what != "" {
		problems = append(problems, what)
	}
	return problems
}

// only is the only value of a kind, or what is wrong.
func only(kind string, seen map[string]string) (problem, value string) {
	var places []string
	for each, address := range seen {
		value = each
		places = append(places, fmt.Sprintf("%s is in %s", address, each))
	}
	slices.Sort(places)
	switch len(places) {
	case 0:
		return fmt.Sprintf("no ARN in the state says in which %s the deployment is; run `terraform apply -refresh-only` first", kind), ""
	case 1:
		return "", value
	}
	return fmt.Sprintf("a stack is in one %s, and %s; adopt one of them, and leave the others to Terraform with --map 'ADDRESS=%s'",
		kind, strings.Join(places, ", "), Leave), ""
}

// checkNetwork reports a network other than the default VPC, which the program builds in. A security group, a
// target group or a load balancer cannot move.
func (a Adoption) checkNetwork(state terraformstate.State) []string {
	var problems []string
	vpc := ""
	for _, match := range a.Matches {
		id := match.Theirs.Text("vpc_id")
		switch {
		case id == "":
		case vpc == "":
			vpc = id
		case id != vpc:
			problems = append(problems, fmt.Sprintf("%s: it is in the VPC %s, and others are in %s; the stack has one VPC, the default one",
				match.Theirs.Address, id, vpc))
		}
	}
	for _, looked := range state.Data {
		if looked.Type == "aws_vpc" && looked.Text("id") == vpc && looked.Text("default") == "false" {
			problems = append(problems, fmt.Sprintf(
				"%s: %s is not the default VPC of its region, and the program builds in that one only: everything would be replaced",
				looked.Address, vpc))
		}
	}
	return problems
}

// splitSettings are the settings of a bucket that the guide has as resources of their own. Version 3 of the AWS
// provider had them in the bucket. Later ones still read them there, so they count only where the resource is
// missing.
var splitSettings = []struct{ attribute, resource string }{
	{"cors_rule", "aws_s3_bucket_cors_configuration"},
	{"lifecycle_rule", "aws_s3_bucket_lifecycle_configuration"},
	{"server_side_encryption_configuration", "aws_s3_bucket_server_side_encryption_configuration"},
	{"versioning", "aws_s3_bucket_versioning"},
}

// otherSettings are those that the guide does not have at all. They can stay with Terraform, as resources of their
// own.
var otherSettings = []struct{ attribute, resource string }{
	{"logging", "aws_s3_bucket_logging"},
	{"replication_configuration", "aws_s3_bucket_replication_configuration"},
	{"website", "aws_s3_bucket_website_configuration"},
}

// checkBucket reports a bucket that is not there, or that has its settings in itself.
func (a Adoption) checkBucket(state terraformstate.State) []string {
	bucket, isFound := a.find(bucketAddress)
	if !isFound {
		return []string{bucketAddress + ": the state does not have it, and the stack would get a new, empty bucket; " +
			"name the address of the bucket with --map 'ADDRESS=media-storage'"}
	}
	var problems []string
	for _, setting := range splitSettings {
		if _, isSplit := a.find(setting.resource + ".media_storage"); isSplit || !isStated(bucket, setting.attribute) {
			continue
		}
		problems = append(problems, fmt.Sprintf("%s: it has %s in itself, as with version 3 of the AWS provider, and the stack has a resource "+
			"for that; move it into the resource %s.media_storage, then `terraform import %s.media_storage %s` and `terraform apply`",
			bucket.Address, setting.attribute, setting.resource, setting.resource, bucket.Text("bucket")))
	}
	for _, setting := range otherSettings {
		isSplit := slices.ContainsFunc(state.Managed, func(each terraformstate.Resource) bool {
			return each.Type == setting.resource && each.Text("bucket") == bucket.Text("bucket")
		})
		if isStated(bucket, setting.attribute) && !isSplit {
			problems = append(problems, fmt.Sprintf("%s: it has %s in itself, as with version 3 of the AWS provider, and the stack does not have that; "+
				"move it into a resource %s, which stays with Terraform, then `terraform import` that and `terraform apply`",
				bucket.Address, setting.attribute, setting.resource))
		}
	}
	for _, match := range a.Matches {
		algorithm := match.Theirs.Text("rule", 0, "apply_server_side_encryption_by_default", 0, "sse_algorithm")
		if terraformType(match.Ours) == "aws_s3_bucket_server_side_encryption_configuration" && algorithm != "" && algorithm != "AES256" {
			problems = append(problems, fmt.Sprintf("%s: files are encrypted with %s, and the program has AES256: they would be protected less; "+
				"change storage.go first", match.Theirs.Address, algorithm))
		}
	}
	return problems
}

// isStated tells whether a bucket has a setting in itself. A bucket that nobody has set anything for is encrypted
// with the keys of Amazon S3, and not versioned.
func isStated(bucket terraformstate.Resource, setting string) bool {
	switch setting {
	case "versioning":
		return bucket.Flag(setting, 0, "enabled")
	case "server_side_encryption_configuration":
		algorithm := bucket.Text(setting, 0, "rule", 0, "apply_server_side_encryption_by_default", 0, "sse_algorithm")
		return algorithm != "" && algorithm != "AES256"
	}
	return bucket.Length(setting) > 0
}

// checkSecret reports that the state does not have the JWT secret.
func (a Adoption) checkSecret() []string {
	if a.jwtSecret() != "" {
		return nil
	}
	return []string{jwtParameter + ": the state does not have the JWT secret, and a new one would make every token invalid; " +
		"name the address of the parameter with --map 'ADDRESS=jwt-secret', or bring it into the state first: `terraform import " +
		jwtParameter + " NAME`"}
}

// kind is a property in which a resource must be as the guide has it, because it could only be replaced or would
// do something else.
type kind struct {
	address string
	path    []any
	want    string
	// what says what it is now, with the value in place of %s, and what to do, with the option that leaves it to
	// Terraform in place of %LEAVE.
	what string
}

var kinds = []kind{
	{"aws_lb.mediaserver", []any{"load_balancer_type"}, "application", "it is a %s load balancer, and the guide's is an application load balancer: it would be replaced"},
	{"aws_lb.mediaserver", []any{"internal"}, "false", "it is internal, and the guide's faces the internet: it would be replaced"},
	{"aws_lb_target_group.mediaserver", []any{"target_type"}, "ip", "its targets are of the type %s, and those of AWS Fargate are of the type ip: it would be replaced"},
	{"aws_lb_target_group.mediaserver", []any{"protocol"}, "HTTP", "its protocol is %s, and the guide's is HTTP: it would be replaced"},
	{"aws_lb_listener.mediaserver", []any{"protocol"}, "HTTP", "its protocol is %s, and the guide's listener is the one on port 80; name that one with --map 'ADDRESS=mediaserver'"},
	{secureListener, []any{"protocol"}, "HTTPS", "its protocol is %s, and the program's listener on port 443 speaks HTTPS; change that with Terraform first"},
	{"aws_ecs_service.mediaserver", []any{"deployment_controller", 0, "type"}, "ECS", "its deployments are made by %s, and the guide's by ECS: it would be replaced"},
	{"aws_ecs_service.mediaserver", []any{"launch_type"}, "FARGATE", "it runs on %s, and the guide's on AWS Fargate; the program has no instances"},
	{"aws_appautoscaling_policy.scale_up", []any{"policy_type"}, "StepScaling", "it is a policy of the type %s, and the guide's is StepScaling; leave it to Terraform (%LEAVE)"},
	{"aws_appautoscaling_policy.scale_down", []any{"policy_type"}, "StepScaling", "it is a policy of the type %s, and the guide's is StepScaling; leave it to Terraform (%LEAVE)"},
}

// checkKinds reports resources that are something else than those of the guide.
func (a Adoption) checkKinds() []string {
	var problems []string
	for _, kind := range kinds {
		theirs, isFound := a.find(kind.address)
		// A service that says no launch type has a strategy of capacity providers.
		if value := theirs.Text(kind.path...); isFound && value != "" && value != kind.want {
			what := strings.NewReplacer("%s", value, "%LEAVE", mapOption(theirs.Address, Leave)).Replace(kind.what)
			problems = append(problems, theirs.Address+": "+what)
		}
	}
	return problems
}
