package e2e

import (
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
)

// taskRoles are the roles of the program, by their logical names.
var taskRoles = []string{"ecs-task-execution-role", "ecs-task-role"}

// boundary is the permissions boundary of a role of the program. Empty for none.
func (d *deployment) boundary(role string) string {
	d.t.Helper()
	found, err := d.Clients().IAM.GetRole(d.t.Context(), &iam.GetRoleInput{RoleName: aws.String("mediaserver-" + role)})
	if err != nil {
		d.t.Fatal(err)
	}
	if found.Role.PermissionsBoundary == nil {
		return ""
	}
	return aws.ToString(found.Role.PermissionsBoundary.PermissionsBoundaryArn)
}

func TestBothRolesAreBoundedAsLongAsTheSettingSaysSo(t *testing.T) {
	t.Parallel()
	d := newDeployment(t)
	identities := d.Clients().IAM
	policy, err := identities.CreatePolicy(t.Context(), &iam.CreatePolicyInput{
		PolicyName:     aws.String("mediaserver-boundary"),
		PolicyDocument: aws.String(`{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "s3:*", "Resource": "*"}]}`),
	})
	if err != nil {
		t.Fatal(err)
	}
	boundary := *policy.Policy.Arn
	bounded := func(want string) {
		t.Helper()
		for _, role := range taskRoles {
			if got := d.boundary(role); got != want {
				t.Errorf("the boundary of %s is %q, want %q", role, got, want)
			}
		}
	}

	d.Set("mediaserver:permissionsBoundaryArn=" + boundary)
	d.Up()
	bounded(boundary)

	if _, err := identities.DeleteRolePermissionsBoundary(t.Context(),
		&iam.DeleteRolePermissionsBoundaryInput{RoleName: aws.String("mediaserver-ecs-task-role")}); err != nil {
		t.Fatal(err)
	}
	d.Must("refresh", "--yes", "--skip-preview")
	d.CheckPlan("update ecs-task-role (aws:iam/role:Role)")
	d.Up()
	bounded(boundary)

	d.Unset("mediaserver:permissionsBoundaryArn")
	d.CheckPlan("update ecs-task-execution-role (aws:iam/role:Role)", "update ecs-task-role (aws:iam/role:Role)")
	d.Up()
	bounded("")
}
