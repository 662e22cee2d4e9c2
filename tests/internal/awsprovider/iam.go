package awsprovider

import (
	"context"
	"fmt"
	"net/url"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/iam/types"

	"mediaserver/tests/internal/provider"
)

var iamKinds = kinds{
	&kind[role]{
		Token:    "aws:iam/role:Role",
		Create:   create[role]((*iam.Client).CreateRole),
		Complete: putInlinePolicies,
		Read:     readRole,
		Update:   updateRole,
		Delete:   deleteRole,
		Tags:     tagging("", "RoleName", (*iam.Client).TagRole, (*iam.Client).UntagRole, nil),
	},
	&kind[attachment]{
		Token: "aws:iam/rolePolicyAttachment:RolePolicyAttachment",
		ID:    func(in *attachment) string { return in.RoleName + "/" + in.PolicyArn },
		Put:   put[attachment]((*iam.Client).AttachRolePolicy),
		Read:  readAttachment,
		Delete: func(ctx context.Context, client *api, id string, _ *attachment) error {
			role, arn, _ := strings.Cut(id, "/")
			_, err := client.IAM.DetachRolePolicy(ctx, &iam.DetachRolePolicyInput{RoleName: &role, PolicyArn: &arn})
			return err
		},
	},
	&kind[rolePolicy]{
		Token: "aws:iam/rolePolicy:RolePolicy",
		ID:    func(in *rolePolicy) string { return in.RoleName + ":" + in.PolicyName },
		Put:   put[rolePolicy]((*iam.Client).PutRolePolicy),
		Read: func(ctx context.Context, client *api, id string, in *rolePolicy) (err error) {
			in.RoleName, in.PolicyName, _ = strings.Cut(id, ":")
			in.PolicyDocument, err = readPolicy(ctx, client, in.RoleName, in.PolicyName)
			return err
		},
		Delete: func(ctx context.Context, client *api, id string, _ *rolePolicy) error {
			role, name, _ := strings.Cut(id, ":")
			return deletePolicy(ctx, client, role, name)
		},
	},
}

type role struct {
	RoleName                 string            `json:"name" pulumi:"id"`
	Description              *string           `json:"description"`
	Path                     *string           `json:"path" pulumi:"replace" default:"/"`
	AssumeRolePolicyDocument string            `json:"assumeRolePolicy"`
	InlinePolicies           []inlinePolicy    `json:"inlinePolicies" pulumi:"computed"`
	PermissionsBoundary      *string           `json:"permissionsBoundary" pulumi:"watched"`
	Tags                     map[string]string `json:"tags"`
	Arn                      string            `json:"arn" pulumi:"output"`
}

type inlinePolicy struct {
	PolicyName     string `json:"name"`
	PolicyDocument string `json:"policy"`
}

type attachment struct {
	RoleName  string `json:"role" pulumi:"replace"`
	PolicyArn string `json:"policyArn" pulumi:"replace"`
}

type rolePolicy struct {
	PolicyName     string `json:"name" pulumi:"name,replace"`
	RoleName       string `json:"role" pulumi:"replace"`
	PolicyDocument string `json:"policy"`
}

func readRole(ctx context.Context, client *api, id string, in *role) error {
	found, err := client.IAM.GetRole(ctx, &iam.GetRoleInput{RoleName: &id})
	if err != nil {
		return err
	}
	boundary := found.Role.PermissionsBoundary
	found.Role.PermissionsBoundary, in.PermissionsBoundary = nil, nil
	copyFields(found.Role, in)
	if boundary != nil {
		in.PermissionsBoundary = boundary.PermissionsBoundaryArn
	}
	if in.AssumeRolePolicyDocument, err = url.QueryUnescape(in.AssumeRolePolicyDocument); err != nil {
		return fmt.Errorf("decode the trust policy of role %s: %w", id, err)
	}
	policies, err := client.IAM.ListRolePolicies(ctx, &iam.ListRolePoliciesInput{RoleName: &id})
	if err != nil {
		return err
	}
	in.InlinePolicies = nil
	for _, name := range policies.PolicyNames {
		document, err := readPolicy(ctx, client, id, name)
		if err != nil {
			return err
		}
		in.InlinePolicies = append(in.InlinePolicies, inlinePolicy{name, document})
	}
	return nil
}

// updateRole leaves it to Complete to put the inline policies that there are.
func updateRole(ctx context.Context, client *api, id string, old, in *role) error {
	if old.AssumeRolePolicyDocument != in.AssumeRolePolicyDocument {
		if _, err := client.IAM.UpdateAssumeRolePolicy(ctx, &iam.UpdateAssumeRolePolicyInput{
			RoleName: &id, PolicyDocument: &in.AssumeRolePolicyDocument,
		}); err != nil {
			return err
		}
	}
	if description := deref(in.Description); description != deref(old.Description) {
		if _, err := client.IAM.UpdateRole(ctx, &iam.UpdateRoleInput{RoleName: &id, Description: &description}); err != nil {
			return err
		}
	}
	for _, each := range old.InlinePolicies {
		if slices.ContainsFunc(in.InlinePolicies, func(kept inlinePolicy) bool { return kept.PolicyName == each.PolicyName }) {
			continue
		}
		if err := deletePolicy(ctx, client, id, each.PolicyName); err != nil && !missing(err) {
			return err
		}
	}
	return changeBoundary(ctx, client, id, deref(old.PermissionsBoundary), deref(in.PermissionsBoundary))
}

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

func deleteRole(ctx context.Context, client *api, id string, in *role) error {
	for _, each := range in.InlinePolicies {
		if err := deletePolicy(ctx, client, id, each.PolicyName); err != nil && !missing(err) {
			return err
		}
	}
	_, err := client.IAM.DeleteRole(ctx, &iam.DeleteRoleInput{RoleName: &id})
	return err
}

func putInlinePolicies(ctx context.Context, client *api, id string, in *role) error {
	for _, each := range in.InlinePolicies {
		request := expanded[iam.PutRolePolicyInput](each)
		request.RoleName = &id
		if _, err := client.IAM.PutRolePolicy(ctx, request); err != nil {
			return err
		}
	}
	return nil
}

func readAttachment(ctx context.Context, client *api, id string, in *attachment) error {
	in.RoleName, in.PolicyArn, _ = strings.Cut(id, "/")
	found, err := client.IAM.ListAttachedRolePolicies(ctx, &iam.ListAttachedRolePoliciesInput{RoleName: &in.RoleName})
	if err != nil {
		return err
	}
	if !slices.ContainsFunc(found.AttachedPolicies, func(each types.AttachedPolicy) bool { return deref(each.PolicyArn) == in.PolicyArn }) {
		return provider.ErrNotFound
	}
	return nil
}

func readPolicy(ctx context.Context, client *api, role, name string) (string, error) {
	found, err := client.IAM.GetRolePolicy(ctx, &iam.GetRolePolicyInput{RoleName: &role, PolicyName: &name})
	if err != nil {
		return "", err
	}
	return url.QueryUnescape(deref(found.PolicyDocument))
}

func deletePolicy(ctx context.Context, client *api, role, name string) error {
	_, err := client.IAM.DeleteRolePolicy(ctx, &iam.DeleteRolePolicyInput{RoleName: &role, PolicyName: &name})
	return err
}
