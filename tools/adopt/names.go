package adopt

import (
	"cmp"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
)

// Addresses of the guide that the code treats specially.
const (
	bucketAddress  = "aws_s3_bucket.media_storage"
	balancerGroup  = "aws_security_group.alb"
	loadBalancer   = "aws_lb.mediaserver"
	targetGroup    = "aws_lb_target_group.mediaserver"
	plainListener  = "aws_lb_listener.mediaserver"
	secureListener = "aws_lb_listener.mediaserver_https"
	aliasRecord    = "aws_route53_record.mediaserver"
	ecsService     = "aws_ecs_service.mediaserver"
	taskDefinition = "aws_ecs_task_definition.mediaserver"
	executionRole  = "aws_iam_role.ecs_task_execution_role"
	taskRole       = "aws_iam_role.ecs_task_role"
)

// bucketInfix stands between the setting `name` and the suffix in the bucket's name.
const bucketInfix = "-storage-"

// validName is the form of the setting `name`.
var validName = regexp.MustCompile(`^[a-z0-9]+(-[a-z0-9]+)*$`)

const (
	nameMinimum = 2
	nameMaximum = 28
)

func isName(name string) bool {
	return len(name) >= nameMinimum && len(name) <= nameMaximum && validName.MatchString(name)
}

// deriveName finds the setting `name` with which most resources get the names that they have, and the resources that
// keep another name. asked is the name that the user chose; empty for none.
func (a *Adoption) deriveName(asked string) []string {
	votes := map[string]int{}
	for _, match := range a.Matches {
		for attribute, pattern := range match.Ours.Named {
			before, after, _ := strings.Cut(pattern, "{name}")
			name, hasBefore := strings.CutPrefix(match.Theirs.Text(attribute), before)
			name, hasAfter := strings.CutSuffix(name, after)
			if hasBefore && hasAfter && isName(name) {
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
		return []string{"no resource has a name like those in the guide; use --name to name new resources"}
	}
	for _, match := range a.Matches {
		for attribute, pattern := range match.Ours.Named {
			if physical := match.Theirs.Text(attribute); physical != strings.ReplaceAll(pattern, "{name}", a.Name) {
				a.KeptNames = append(a.KeptNames, physical)
			}
		}
		if match.Ours.Address == bucketAddress && a.bucketSuffix() == "" {
			a.KeptNames = append(a.KeptNames, match.Theirs.Text("bucket"))
		}
	}
	return nil
}

// bucketSuffix is the end of the bucket's name, after the program's prefix. Empty if the name has another prefix.
func (a *Adoption) bucketSuffix() string {
	bucket, _ := a.find(bucketAddress)
	suffix, fits := strings.CutPrefix(bucket.Text("bucket"), a.Name+bucketInfix)
	if !fits {
		return ""
	}
	return suffix
}
