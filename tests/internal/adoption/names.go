package adoption

import (
	"cmp"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"

	"mediaserver/tests/internal/inventory"
)

// naming is how the program makes the physical name of a resource.
type naming struct {
	// attribute holds the name in Terraform's state.
	attribute string
	// before and after stand around the setting `name`.
	before, after string
}

// namings are those of all resources that have a name of their own, by the guide's address.
var namings = map[string]naming{
	"aws_security_group.alb":                         {"name", "", "-alb"},
	"aws_security_group.ecs_tasks":                   {"name", "", "-ecs-tasks"},
	"aws_ecr_repository.mediaserver":                 {"name", "", ""},
	"aws_iam_role.ecs_task_execution_role":           {"name", "", "-ecs-task-execution-role"},
	"aws_iam_role.ecs_task_role":                     {"name", "", "-ecs-task-role"},
	"aws_iam_role_policy.ecs_task_s3_policy":         {"name", "", "-ecs-task-s3-policy"},
	"aws_iam_role_policy.ecs_task_cloudwatch_policy": {"name", "", "-ecs-task-cloudwatch-policy"},
	"aws_ssm_parameter.jwt_secret":                   {"name", "/", "/jwt-secret"},
	"aws_ssm_parameter.s3_bucket_name":               {"name", "/", "/s3-bucket-name"},
	"aws_ssm_parameter.app_config":                   {"name", "/", "/app-config"},
	"aws_lb.mediaserver":                             {"name", "", "-alb"},
	"aws_lb_target_group.mediaserver":                {"name", "", "-tg"},
	"aws_ecs_cluster.main":                           {"name", "", "-cluster"},
	"aws_ecs_service.mediaserver":                    {"name", "", "-service"},
	"aws_appautoscaling_policy.scale_up":             {"name", "", "-scale-up"},
	"aws_appautoscaling_policy.scale_down":           {"name", "", "-scale-down"},
	"aws_cloudwatch_metric_alarm.high_cpu":           {"alarm_name", "", "-high-cpu"},
	"aws_cloudwatch_metric_alarm.low_cpu":            {"alarm_name", "", "-low-cpu"},
	"aws_cloudwatch_log_group.ecs_logs":              {"name", "/ecs/", ""},
	"aws_cloudwatch_log_group.app_logs":              {"name", "/aws/ecs/", "/app"},
	"aws_cloudwatch_dashboard.mediaserver":           {"dashboard_name", "", "-dashboard"},
}

// bucketAddress is the guide's address of the bucket, and bucketInfix what its name has between the setting `name`
// and its suffix.
const (
	bucketAddress = "aws_s3_bucket.media_storage"
	bucketInfix   = "-storage-"
)

// validName is what the program takes for its setting `name`.
var validName = regexp.MustCompile(`^[a-z0-9]+(-[a-z0-9]+)*$`)

const (
	nameMinimum = 2
	nameMaximum = 28
)

// readName is the setting `name` from which the program would make the physical name. False if there is none.
func (n naming) readName(physical string) (string, bool) {
	name, hasBefore := strings.CutPrefix(physical, n.before)
	name, hasAfter := strings.CutSuffix(name, n.after)
	return name, hasBefore && hasAfter && isName(name)
}

func isName(name string) bool {
	return len(name) >= nameMinimum && len(name) <= nameMaximum && validName.MatchString(name)
}

// deriveName finds the setting `name` from which the program makes most of the names that the resources have, and
// those whose names it does not make. asked is a name that somebody chose; empty for none.
func (a *Adoption) deriveName(asked string) []string {
	votes := map[string]int{}
	for _, match := range a.Matches {
		if naming, named := namings[match.Ours.Terraform]; named {
			if name, fits := naming.readName(match.Theirs.Text(naming.attribute)); fits {
				votes[name]++
			}
		}
	}
	names := slices.SortedFunc(maps.Keys(votes), func(a, b string) int {
		return cmp.Or(cmp.Compare(votes[b], votes[a]), cmp.Compare(a, b))
	})
	switch {
	case asked != "" && !isName(asked):
		return []string{fmt.Sprintf("--name %q must be %d to %d lower-case letters, digits and single inner hyphens", asked, nameMinimum, nameMaximum)}
	case asked != "":
		a.Name = asked
	case len(names) > 0:
		a.Name = names[0]
	default:
		return []string{"no resource has a name as the guide makes them; say with --name what new resources shall be called"}
	}
	for _, match := range a.Matches {
		physical, made := a.physicalNames(match.Ours, match)
		if physical != made {
			a.KeptNames = append(a.KeptNames, physical)
		}
	}
	return nil
}

// physicalNames are the name that a resource has and the one that the program would make. Both are empty for a
// resource without a name of its own.
func (a Adoption) physicalNames(ours inventory.Resource, match Match) (physical, made string) {
	if naming, named := namings[ours.Terraform]; named {
		return match.Theirs.Text(naming.attribute), naming.before + a.Name + naming.after
	}
	if ours.Terraform != bucketAddress {
		return "", ""
	}
	bucket := match.Theirs.Text("bucket")
	if suffix := a.bucketSuffix(); suffix != "" {
		return bucket, bucket
	}
	return bucket, a.Name + bucketInfix
}

// bucketSuffix is what the bucket's name has behind what the program puts before it, wherever Terraform took it
// from. Empty if the name begins otherwise.
func (a Adoption) bucketSuffix() string {
	bucket, _ := a.find(bucketAddress)
	suffix, fits := strings.CutPrefix(bucket.Text("bucket"), a.Name+bucketInfix)
	if !fits {
		return ""
	}
	return suffix
}
