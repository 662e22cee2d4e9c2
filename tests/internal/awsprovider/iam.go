package awsprovider

import (
	"context"
	"fmt"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
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

var iamNamePattern = regexp.MustCompile(`^[\w+=,.@-]+$`)

var (
	roleName        = text{1, 64, iamNamePattern, "only letters, digits and _+=,.@-"}
	policyName      = text{1, 128, iamNamePattern, "only letters, digits and _+=,.@-"}
	roleDescription = text{0, 1000, nil, ""}
)

// Rules: IAM API reference, CreateRole and PutRolePolicy.
var role = &kind[roleInputs, roleOutputs]{
	Token:   "aws:iam/role:Role",
	Name:    "name",
	Replace: []string{"name", "path"},
	Check: func(in *roleInputs, problems *provider.Problems) {
		roleName.check(problems, "name", in.Name)
		roleDescription.check(problems, "description", deref(in.Description))
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
	},
	ID: func(in *roleInputs) string { return in.Name },
	Create: func(ctx context.Context, client *api, in *roleInputs) (string, error) {
		if _, err := client.iam.CreateRole(ctx, &iam.CreateRoleInput{
			RoleName:                 &in.Name,
			Description:              in.Description,
			Path:                     in.Path,
			AssumeRolePolicyDocument: &in.AssumeRolePolicy,
			MaxSessionDuration:       in.MaxSessionDuration,
			PermissionsBoundary:      in.PermissionsBoundary,
			Tags:                     tagList(in.Tags, iamTag),
		}); err != nil {
			return "", err
		}
		return in.Name, putInlinePolicies(ctx, client, in)
	},
	Read: func(ctx context.Context, client *api, id string, in *roleInputs, out *roleOutputs) error {
		found, err := client.iam.GetRole(ctx, &iam.GetRoleInput{RoleName: &id})
		if err != nil {
			return err
		}
		observed := found.Role
		document, err := url.QueryUnescape(deref(observed.AssumeRolePolicyDocument))
		if err != nil {
			return fmt.Errorf("decode the trust policy of role %s: %w", id, err)
		}
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
		return observeInlinePolicies(ctx, client, in)
	},
	Update: func(ctx context.Context, client *api, id string, old, in *roleInputs, _ *roleOutputs) error {
		if old.AssumeRolePolicy != in.AssumeRolePolicy {
			if _, err := client.iam.UpdateAssumeRolePolicy(ctx, &iam.UpdateAssumeRolePolicyInput{
				RoleName: &id, PolicyDocument: &in.AssumeRolePolicy,
			}); err != nil {
				return err
			}
		}
		if deref(old.Description) != deref(in.Description) || deref(old.MaxSessionDuration) != deref(in.MaxSessionDuration) {
			description := deref(in.Description)
			if _, err := client.iam.UpdateRole(ctx, &iam.UpdateRoleInput{
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
			if _, err := client.iam.DeleteRolePolicy(ctx, &iam.DeleteRolePolicyInput{
				RoleName: &id, PolicyName: &policy.Name,
			}); err != nil && !missing(err) {
				return err
			}
		}
		return putInlinePolicies(ctx, client, in)
	},
	Delete: func(ctx context.Context, client *api, id string, in *roleInputs, _ *roleOutputs) error {
		for _, policy := range in.InlinePolicies {
			if _, err := client.iam.DeleteRolePolicy(ctx, &iam.DeleteRolePolicyInput{
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
		_, err := client.iam.DeleteRole(ctx, &iam.DeleteRoleInput{RoleName: &id})
		return err
	},
	Tag: func(ctx context.Context, client *api, id string, _ *roleOutputs, set map[string]string, remove []string) error {
		if len(set) > 0 {
			if _, err := client.iam.TagRole(ctx, &iam.TagRoleInput{RoleName: &id, Tags: tagList(set, iamTag)}); err != nil {
				return err
			}
		}
		if len(remove) == 0 {
			return nil
		}
		_, err := client.iam.UntagRole(ctx, &iam.UntagRoleInput{RoleName: &id, TagKeys: remove})
		return err
	},
}

func iamTag(key, value *string) types.Tag { return types.Tag{Key: key, Value: value} }

// changeBoundary gives a role another permissions boundary. Empty stands for none.
func changeBoundary(ctx context.Context, client *api, role, old, new string) error {
	var err error
	switch {
	case new == old:
	case new == "":
		_, err = client.iam.DeleteRolePermissionsBoundary(ctx, &iam.DeleteRolePermissionsBoundaryInput{RoleName: &role})
	default:
		_, err = client.iam.PutRolePermissionsBoundary(ctx, &iam.PutRolePermissionsBoundaryInput{
			RoleName: &role, PermissionsBoundary: &new,
		})
	}
	return err
}

func putInlinePolicies(ctx context.Context, client *api, in *roleInputs) error {
	for _, policy := range in.InlinePolicies {
		if _, err := client.iam.PutRolePolicy(ctx, &iam.PutRolePolicyInput{
			RoleName: &in.Name, PolicyName: &policy.Name, PolicyDocument: &policy.Policy,
		}); err != nil {
			return err
		}
	}
	return nil
}

// observeInlinePolicies takes over the inline policies if the program states
// any: it then means them to be the only ones.
func observeInlinePolicies(ctx context.Context, client *api, in *roleInputs) error {
	if len(in.InlinePolicies) == 0 {
		return nil
	}
	found, err := client.iam.ListRolePolicies(ctx, &iam.ListRolePoliciesInput{RoleName: &in.Name})
	if err != nil {
		return err
	}
	var observed []inlinePolicy
	for _, policy := range in.InlinePolicies {
		if slices.Contains(found.PolicyNames, policy.Name) {
			observed = append(observed, policy)
		}
	}
	for _, name := range found.PolicyNames {
		if !slices.ContainsFunc(observed, func(p inlinePolicy) bool { return p.Name == name }) {
			observed = append(observed, inlinePolicy{Name: name})
		}
	}
	for i := range observed {
		if err := observePolicy(ctx, client, in.Name, observed[i].Name, &observed[i].Policy); err != nil {
			return err
		}
	}
	in.InlinePolicies = observed
	return nil
}

func observePolicy(ctx context.Context, client *api, role, name string, document *string) error {
	found, err := client.iam.GetRolePolicy(ctx, &iam.GetRolePolicyInput{RoleName: &role, PolicyName: &name})
	if err != nil {
		return err
	}
	observed, err := url.QueryUnescape(deref(found.PolicyDocument))
	if err != nil {
		return fmt.Errorf("decode the policy %s of role %s: %w", name, role, err)
	}
	observeJSON(document, observed)
	return nil
}

func detachPolicies(ctx context.Context, client *api, role string) error {
	attached, err := client.iam.ListAttachedRolePolicies(ctx, &iam.ListAttachedRolePoliciesInput{RoleName: &role})
	if err != nil {
		return err
	}
	for _, policy := range attached.AttachedPolicies {
		if _, err := client.iam.DetachRolePolicy(ctx, &iam.DetachRolePolicyInput{
			RoleName: &role, PolicyArn: policy.PolicyArn,
		}); err != nil && !missing(err) {
			return err
		}
	}
	return nil
}

type attachmentInputs struct {
	Role      string `pulumi:"role"`
	PolicyArn string `pulumi:"policyArn"`
}

var policyArn = regexp.MustCompile(`^arn:[^:]+:iam::(aws|\d{12}):policy/.+$`)

var rolePolicyAttachment = &kind[attachmentInputs, none]{
	Token:   "aws:iam/rolePolicyAttachment:RolePolicyAttachment",
	Replace: []string{"role", "policyArn"},
	Check: func(in *attachmentInputs, problems *provider.Problems) {
		if !policyArn.MatchString(in.PolicyArn) {
			problems.Refuse("policyArn", in.PolicyArn, "must be the ARN of a managed policy")
		}
	},
	ID: func(in *attachmentInputs) string { return in.Role + "/" + in.PolicyArn },
	Create: func(ctx context.Context, client *api, in *attachmentInputs) (string, error) {
		_, err := client.iam.AttachRolePolicy(ctx, &iam.AttachRolePolicyInput{RoleName: &in.Role, PolicyArn: &in.PolicyArn})
		return in.Role + "/" + in.PolicyArn, err
	},
	Read: func(ctx context.Context, client *api, id string, in *attachmentInputs, _ *none) error {
		role, arn, _ := strings.Cut(id, "/")
		pages := iam.NewListAttachedRolePoliciesPaginator(client.iam, &iam.ListAttachedRolePoliciesInput{RoleName: &role})
		for pages.HasMorePages() {
			page, err := pages.NextPage(ctx)
			if err != nil {
				return err
			}
			for _, policy := range page.AttachedPolicies {
				if deref(policy.PolicyArn) == arn {
					in.Role, in.PolicyArn = role, arn
					return nil
				}
			}
		}
		return provider.ErrNotFound
	},
	Delete: func(ctx context.Context, client *api, id string, _ *attachmentInputs, _ *none) error {
		role, arn, _ := strings.Cut(id, "/")
		_, err := client.iam.DetachRolePolicy(ctx, &iam.DetachRolePolicyInput{RoleName: &role, PolicyArn: &arn})
		return err
	},
}

type rolePolicyInputs struct {
	Name   string `pulumi:"name"`
	Role   string `pulumi:"role"`
	Policy string `pulumi:"policy"`
}

var rolePolicy = &kind[rolePolicyInputs, none]{
	Token:   "aws:iam/rolePolicy:RolePolicy",
	Name:    "name",
	Replace: []string{"name", "role"},
	Check: func(in *rolePolicyInputs, problems *provider.Problems) {
		policyName.check(problems, "name", in.Name)
		checkPolicy(problems, "policy", in.Policy, "Resource")
	},
	ID: func(in *rolePolicyInputs) string { return in.Role + ":" + in.Name },
	Create: func(ctx context.Context, client *api, in *rolePolicyInputs) (string, error) {
		return in.Role + ":" + in.Name, putRolePolicy(ctx, client, in)
	},
	Read: func(ctx context.Context, client *api, id string, in *rolePolicyInputs, _ *none) error {
		role, name, _ := strings.Cut(id, ":")
		if err := observePolicy(ctx, client, role, name, &in.Policy); err != nil {
			return err
		}
		in.Role, in.Name = role, name
		return nil
	},
	Update: func(ctx context.Context, client *api, _ string, _, in *rolePolicyInputs, _ *none) error {
		return putRolePolicy(ctx, client, in)
	},
	Delete: func(ctx context.Context, client *api, id string, _ *rolePolicyInputs, _ *none) error {
		role, name, _ := strings.Cut(id, ":")
		_, err := client.iam.DeleteRolePolicy(ctx, &iam.DeleteRolePolicyInput{RoleName: &role, PolicyName: &name})
		return err
	},
}

func putRolePolicy(ctx context.Context, client *api, in *rolePolicyInputs) error {
	_, err := client.iam.PutRolePolicy(ctx, &iam.PutRolePolicyInput{
		RoleName: &in.Role, PolicyName: &in.Name, PolicyDocument: &in.Policy,
	})
	return err
}
