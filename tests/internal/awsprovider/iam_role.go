package awsprovider

import (
	"context"
	"fmt"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/iam/types"

	"mediaserver/tests/internal/provider"
)

type roleInputs struct {
	Name                string            `pulumi:"name"`
	Description         *string           `pulumi:"description,optional"`
	Path                *string           `pulumi:"path,optional"`
	AssumeRolePolicy    string            `pulumi:"assumeRolePolicy"`
	InlinePolicies      []inlinePolicy    `pulumi:"inlinePolicies,optional"`
	MaxSessionDuration  *int32            `pulumi:"maxSessionDuration,optional"`
	ForceDetachPolicies *bool             `pulumi:"forceDetachPolicies,optional"`
	PermissionsBoundary *string           `pulumi:"permissionsBoundary,optional"`
	Tags                map[string]string `pulumi:"tags,optional"`
}

type inlinePolicy struct {
	Name   string `pulumi:"name"`
	Policy string `pulumi:"policy"`
}

type roleOutputs struct {
	Arn        string `pulumi:"arn"`
	CreateDate string `pulumi:"createDate"`
	UniqueID   string `pulumi:"uniqueId"`
}

var (
	roleName        = textRule{1, 64, iamNamePattern, "only letters, digits and _+=,.@-"}
	roleDescription = textRule{
		0, 1000, regexp.MustCompile(`^[\t\n\r -~\x{A1}-\x{FF}]*$`), "only characters of Latin-1, and no typographic quotes",
	}
)

// Rules: IAM API reference, CreateRole and PutRolePolicy.
var iamRole = &kind[roleInputs, roleOutputs]{
	Token:      "aws:iam/role:Role",
	Name:       "name",
	Replace:    []string{"name", "path"},
	Defaults:   map[string]any{"path": "/", "maxSessionDuration": 3600, "forceDetachPolicies": false},
	Computed:   []string{"inlinePolicies"},
	Check:      checkRole,
	Create:     createRole,
	Complete:   putInlinePolicies,
	Read:       readRole,
	Update:     updateRole,
	Delete:     deleteRole,
	SetTags:    setRoleTags,
	RemoveTags: removeRoleTags,
}

func checkRole(in *roleInputs, problems *provider.Problems) {
	roleName.check(problems, "name", in.Name)
	roleDescription.check(problems, "description", deref(in.Description))
	// terraform-provider-aws, internal/service/iam/role.go.
	textRule{min: 0, max: 512}.check(problems, "path", deref(in.Path))
	checkPolicy(problems, "assumeRolePolicy", in.AssumeRolePolicy, "Principal")
	if in.MaxSessionDuration != nil {
		checkRange(problems, "maxSessionDuration", *in.MaxSessionDuration, 3600, 43200)
	}
	if in.PermissionsBoundary != nil && !policyArn.MatchString(*in.PermissionsBoundary) {
		problems.Refuse("permissionsBoundary", *in.PermissionsBoundary, "must be the ARN of a managed policy")
	}
	for i, policy := range in.InlinePolicies {
		path := "inlinePolicies[" + strconv.Itoa(i) + "]"
		policyName.check(problems, path+".name", policy.Name)
		checkPolicy(problems, path+".policy", policy.Policy, "Resource")
	}
}

func createRole(ctx context.Context, client *api, in *roleInputs) (string, error) {
	_, err := client.IAM.CreateRole(ctx, &iam.CreateRoleInput{
		RoleName:                 &in.Name,
		Description:              in.Description,
		Path:                     in.Path,
		AssumeRolePolicyDocument: &in.AssumeRolePolicy,
		MaxSessionDuration:       in.MaxSessionDuration,
		PermissionsBoundary:      in.PermissionsBoundary,
		Tags:                     tagList(in.Tags, iamTag),
	})
	return in.Name, err
}

func readRole(ctx context.Context, client *api, id string, in *roleInputs, out *roleOutputs) error {
	found, err := client.IAM.GetRole(ctx, &iam.GetRoleInput{RoleName: &id})
	if err != nil {
		return err
	}
	observed := found.Role
	document, err := url.QueryUnescape(deref(observed.AssumeRolePolicyDocument))
	if err != nil {
		return fmt.Errorf("decode the trust policy of role %s: %w", id, err)
	}
	importing := in.Name == ""
	in.Name = id
	observeJSON(&in.AssumeRolePolicy, document)
	provider.Observe(&in.Description, observed.Description)
	provider.Observe(&in.Path, observed.Path)
	provider.Observe(&in.MaxSessionDuration, observed.MaxSessionDuration)
	in.PermissionsBoundary = nil
	if observed.PermissionsBoundary != nil {
		in.PermissionsBoundary = observed.PermissionsBoundary.PermissionsBoundaryArn
	}
	in.Tags = tagMap(observed.Tags, func(tag types.Tag) (*string, *string) { return tag.Key, tag.Value })
	out.Arn, out.UniqueID = deref(observed.Arn), deref(observed.RoleId)
	out.CreateDate = deref(observed.CreateDate).UTC().Format(time.RFC3339)
	return observeInlinePolicies(ctx, client, in, importing)
}

func updateRole(ctx context.Context, client *api, id string, old, in *roleInputs, _ *roleOutputs) error {
	if old.AssumeRolePolicy != in.AssumeRolePolicy {
		if _, err := client.IAM.UpdateAssumeRolePolicy(ctx, &iam.UpdateAssumeRolePolicyInput{
			RoleName: &id, PolicyDocument: &in.AssumeRolePolicy,
		}); err != nil {
			return err
		}
	}
	if deref(old.Description) != deref(in.Description) || deref(old.MaxSessionDuration) != deref(in.MaxSessionDuration) {
		description := deref(in.Description)
		if _, err := client.IAM.UpdateRole(ctx, &iam.UpdateRoleInput{
			RoleName: &id, Description: &description, MaxSessionDuration: in.MaxSessionDuration,
		}); err != nil {
			return err
		}
	}
	if err := changeBoundary(ctx, client, id, deref(old.PermissionsBoundary), deref(in.PermissionsBoundary)); err != nil {
		return err
	}
	for _, policy := range old.InlinePolicies {
		if slices.ContainsFunc(in.InlinePolicies, func(p inlinePolicy) bool { return p.Name == policy.Name }) {
			continue
		}
		if _, err := client.IAM.DeleteRolePolicy(ctx, &iam.DeleteRolePolicyInput{
			RoleName: &id, PolicyName: &policy.Name,
		}); err != nil && !missing(err) {
			return err
		}
	}
	return nil
}

func deleteRole(ctx context.Context, client *api, id string, in *roleInputs, _ *roleOutputs) error {
	for _, policy := range in.InlinePolicies {
		if _, err := client.IAM.DeleteRolePolicy(ctx, &iam.DeleteRolePolicyInput{
			RoleName: &id, PolicyName: &policy.Name,
		}); err != nil && !missing(err) {
			return err
		}
	}
	if deref(in.ForceDetachPolicies) {
		if err := detachPolicies(ctx, client, id); err != nil {
			return err
		}
	}
	_, err := client.IAM.DeleteRole(ctx, &iam.DeleteRoleInput{RoleName: &id})
	return err
}

func setRoleTags(ctx context.Context, client *api, id string, _ *roleOutputs, tags map[string]string) error {
	_, err := client.IAM.TagRole(ctx, &iam.TagRoleInput{RoleName: &id, Tags: tagList(tags, iamTag)})
	return err
}

func removeRoleTags(ctx context.Context, client *api, id string, _ *roleOutputs, keys []string) error {
	_, err := client.IAM.UntagRole(ctx, &iam.UntagRoleInput{RoleName: &id, TagKeys: keys})
	return err
}

func iamTag(key, value *string) types.Tag { return types.Tag{Key: key, Value: value} }

// changeBoundary gives a role another permissions boundary. Empty stands for none.
func changeBoundary(ctx context.Context, client *api, role, before, after string) error {
	var err error
	switch {
	case after == before:
	case after == "":
		_, err = client.IAM.DeleteRolePermissionsBoundary(ctx, &iam.DeleteRolePermissionsBoundaryInput{RoleName: &role})
	default:
		_, err = client.IAM.PutRolePermissionsBoundary(ctx, &iam.PutRolePermissionsBoundaryInput{
			RoleName: &role, PermissionsBoundary: &after,
		})
	}
	return err
}

func detachPolicies(ctx context.Context, client *api, role string) error {
	attached, err := client.IAM.ListAttachedRolePolicies(ctx, &iam.ListAttachedRolePoliciesInput{RoleName: &role})
	if err != nil {
		return err
	}
	for _, policy := range attached.AttachedPolicies {
		if _, err := client.IAM.DetachRolePolicy(ctx, &iam.DetachRolePolicyInput{
			RoleName: &role, PolicyArn: policy.PolicyArn,
		}); err != nil && !missing(err) {
			return err
		}
	}
	return nil
}
