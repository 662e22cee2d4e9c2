package adopt

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"

	"mediaserver/tools/adopt/tfstate"
)

// check reports what must not be adopted and does not show in a comparison of attributes, with what to do.
func (a *Adoption) check(state tfstate.State) []string {
	var problems []string
	for _, match := range a.Matches {
		if match.Theirs.Tainted || match.Theirs.Deposed {
			problems = append(problems, fmt.Sprintf(
				"%s: Terraform is about to replace it; finish that with `terraform apply`, or cancel it with `terraform untaint`",
				match.Theirs.Address))
		}
	}
	problems = append(problems, a.checkNetwork()...)
	problems = append(problems, a.checkBucket(state)...)
	problems = append(problems, a.checkSecret(state)...)
	problems = append(problems, a.checkThresholds()...)
	problems = append(problems, a.checkListeners()...)
	return append(problems, a.checkIDs()...)
}

// findPlace finds the account and the region in the ARNs. It reports if there are several.
func (a *Adoption) findPlace() []string {
	accounts, regions := map[string]string{}, map[string]string{}
	for _, match := range a.Matches {
		// arn:PARTITION:SERVICE:REGION:ACCOUNT:RESOURCE; global services and buckets leave some parts empty.
		parts := strings.SplitN(match.Theirs.Text("arn"), ":", 6)
		if len(parts) < 6 {
			continue
		}
		a.Partition = parts[1]
		accounts[parts[4]] = cmp.Or(accounts[parts[4]], match.Theirs.Address)
		region := parts[3]
		if match.Ours.Address == bucketAddress {
			region = match.Theirs.Text("region")
		}
		regions[region] = cmp.Or(regions[region], match.Theirs.Address)
	}
	return slices.Concat(only("account", accounts, &a.Account), only("region", regions, &a.Region))
}

// only sets the only value of a kind, or reports what is wrong. seen are addresses by the values in their ARNs.
func only(kind string, seen map[string]string, value *string) []string {
	delete(seen, "")
	var places, options []string
	for _, each := range slices.Sorted(maps.Keys(seen)) {
		*value = each
		places = append(places, fmt.Sprintf("%s is in %s", seen[each], each))
		options = append(options, mapOption(seen[each], Leave))
	}
	switch len(places) {
	case 0:
		return []string{"no ARN in the state says in which " + kind + " the deployment is; run `terraform apply -refresh-only` first"}
	case 1:
		return nil
	}
	return []string{fmt.Sprintf("a stack is in one %s, but %s; adopt one of them, and leave the others to Terraform: %s",
		kind, strings.Join(places, ", "), strings.Join(options, " or "))}
}

// bucketSettings are the settings that the bucket resource itself had in version 3 of the AWS provider. Later versions
// still report them there, so they count only if the separate resource is missing. Those that are not the guide's can
// stay with Terraform, as separate resources.
var bucketSettings = []struct {
	attribute, resource string
	isGuides            bool
}{
	{"cors_rule", "aws_s3_bucket_cors_configuration", true},
	{"lifecycle_rule", "aws_s3_bucket_lifecycle_configuration", true},
	{"server_side_encryption_configuration", "aws_s3_bucket_server_side_encryption_configuration", true},
	{"versioning", "aws_s3_bucket_versioning", true},
	{"logging", "aws_s3_bucket_logging", false},
	{"replication_configuration", "aws_s3_bucket_replication_configuration", false},
	{"website", "aws_s3_bucket_website_configuration", false},
}

// checkBucket reports a missing bucket, or one that sets its settings itself.
func (a *Adoption) checkBucket(state tfstate.State) []string {
	bucket, isFound := a.find(bucketAddress)
	if !isFound {
		ours, _ := resourceAt(bucketAddress)
		return []string{bucketAddress + ": it is not in the state, and the stack would get a new, empty bucket; " +
			"say which one it is with " + a.suggestionsFor(ours, state)}
	}
	var problems []string
	for _, setting := range bucketSettings {
		isSplit := slices.ContainsFunc(state.Managed, func(each tfstate.Resource) bool {
			return each.Type == setting.resource && slices.Contains([]string{"", bucket.Text("bucket")}, each.Text("bucket"))
		})
		if isSplit || !isStated(bucket, setting.attribute) {
			continue
		}
		name, also := "", ", which stays with Terraform"
		if setting.isGuides {
			name, also = ".media_storage", ""
		}
		problems = append(problems, fmt.Sprintf("%s: it sets %s itself, as with version 3 of the AWS provider; move that into a resource "+
			"%s%s%s, then `terraform import` it and `terraform apply`", bucket.Address, setting.attribute, setting.resource, name, also))
	}
	return problems
}

// isStated tells whether a bucket sets a setting itself. By default a bucket is encrypted with the keys of Amazon S3,
// and not versioned.
func isStated(bucket tfstate.Resource, setting string) bool {
	switch setting {
	case "versioning":
		return bucket.Flag(setting, 0, "enabled")
	case "server_side_encryption_configuration":
		algorithm := bucket.Text(setting, 0, "rule", 0, "apply_server_side_encryption_by_default", 0, "sse_algorithm")
		return algorithm != "" && algorithm != "AES256"
	}
	return bucket.Length(setting) > 0
}

// checkSecret reports a missing JWT secret.
func (a *Adoption) checkSecret(state tfstate.State) []string {
	if a.jwtSecret() != "" {
		return nil
	}
	ours, _ := resourceAt(jwtParameter)
	return []string{jwtParameter + ": the JWT secret is not in the state, and a new one would make every token invalid; " +
		"say which parameter it is with " + a.suggestionsFor(ours, state) + ", or bring it into the state first: `terraform import " + jwtParameter + " NAME`"}
}

// thresholds are the CPU alarms whose thresholds, in percent, are settings, and the most that the program takes. The
// least is 1.
var thresholds = []struct {
	setting, address string
	most             int
}{
	{"scaleUpCpu", "aws_cloudwatch_metric_alarm.high_cpu", 99},
	{"scaleDownCpu", "aws_cloudwatch_metric_alarm.low_cpu", 98},
}

// checkThresholds reports thresholds that the program would refuse as settings.
func (a *Adoption) checkThresholds() []string {
	var problems []string
	var values []int
	for _, each := range thresholds {
		theirs, _ := a.find(each.address)
		value, isWhole := theirs.Number("threshold")
		if !isWhole {
			// The default is used instead.
			value = a.number(each.setting)
		}
		values = append(values, value)
		if value < 1 || value > each.most {
			problems = append(problems, fmt.Sprintf("%s: its threshold is %d, and the setting %s takes 1 to %d: with another one the service never stops "+
				"scaling, or never scales; set one of these with Terraform first", theirs.Address, value, each.setting, each.most))
		}
	}
	if problems == nil && values[1] >= values[0] {
		problems = append(problems, fmt.Sprintf("%s: its threshold is %d, and scaleDownCpu must be below scaleUpCpu, which is %d: the service would scale "+
			"up and down at once; set a lower one with Terraform first", thresholds[1].address, values[1], values[0]))
	}
	return problems
}
