package e2e

import (
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	ec2types "github.com/aws/aws-sdk-go-v2/service/ec2/types"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	iamtypes "github.com/aws/aws-sdk-go-v2/service/iam/types"
)

func TestChangedDefaultTagsReachEveryResourceInPlace(t *testing.T) {
	t.Parallel()
	d := newDeployment(t)
	d.up()
	// One tag changed, one added, two removed.
	d.must("config", "set-all", "--path",
		"--plaintext", `aws:defaultTags.tags.Project=renamed`, "--plaintext", `aws:defaultTags.tags.Owner=media`)
	d.must("config", "rm", "--path", "aws:defaultTags.tags.Environment")
	d.must("config", "rm", "--path", "aws:defaultTags.tags.ManagedBy")
	updated := 0
	for _, step := range d.planned() {
		if strings.HasPrefix(step.Operation, "create") || strings.HasPrefix(step.Operation, "delete") || strings.HasPrefix(step.Operation, "replace") {
			t.Errorf("the plan has the step %q, want updates only", step)
		}
		updated++
	}
	// All 36 but the two random values, and of AWS's those that have no tags: five settings of the bucket, two
	// policies of the registry, three of the roles, the capacity providers, two scaling policies, the dashboard.
	if updated < 20 {
		t.Errorf("the plan updates %d resources, want 20", updated)
	}
	d.up()
	d.must("refresh", "--yes", "--expect-no-changes")

	want := map[string]string{"Project": "renamed", "Owner": "media"}
	groups, err := ec2.NewFromConfig(d.account()).DescribeSecurityGroups(t.Context(), &ec2.DescribeSecurityGroupsInput{
		Filters: []ec2types.Filter{{Name: aws.String("group-name"), Values: []string{"mediaserver-alb"}}},
	})
	if err != nil || len(groups.SecurityGroups) != 1 {
		t.Fatalf("describe the security group: %v, %v", groups, err)
	}
	role, err := iam.NewFromConfig(d.account()).GetRole(t.Context(), &iam.GetRoleInput{RoleName: aws.String("mediaserver-ecs-task-role")})
	if err != nil {
		t.Fatal(err)
	}
	for name, got := range map[string]map[string]string{
		"security group": ec2Tags(groups.SecurityGroups[0].Tags),
		"role":           tagsOf(role.Role.Tags, func(tag iamtypes.Tag) (*string, *string) { return tag.Key, tag.Value }),
	} {
		if jsonText(got) != jsonText(want) {
			t.Errorf("the %s has the tags %v, want %v", name, got, want)
		}
	}
}
