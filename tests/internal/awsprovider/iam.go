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
		Token:      "aws:iam/role:Role",
		Name:       "name",
		ID:         "name",
		Replace:    []string{"name", "path"},
		Defaults:   map[string]any{"path": "/"},
		Computed:   []string{"inlinePolicies"},
		Rules:      roleRules,
		Create:     create[role]((*iam.Client).CreateRole),
		Complete:   putInlinePolicies,
		Read:       readRole,
		Update:     updateRole,
		Delete:     deleteRole,
		SetTags:    tag((*iam.Client).TagRole, "RoleName"),
		RemoveTags: untag((*iam.Client).UntagRole, "RoleName"),
	},
	&kind[attachment]{
		Token:   "aws:iam/rolePolicyAttachment:RolePolicyAttachment",
		Replace: []string{"role", "policyArn"},
		Rules:   rules{rule("policyArn", managedPolicy, "IAM API reference, AttachRolePolicy")},
		Create: func(ctx context.Context, client *api, in *attachment) (string, error) {
			if _, err := client.IAM.AttachRolePolicy(ctx, expanded[iam.AttachRolePolicyInput](in)); err != nil {
				return "", err
			}
			return in.RoleName + "/" + in.PolicyArn, nil
		},
		Read: readAttachment,
		Delete: func(ctx context.Context, client *api, id string, _ *attachment) error {
			role, arn, _ := strings.Cut(id, "/")
			_, err := client.IAM.DetachRolePolicy(ctx, &iam.DetachRolePolicyInput{RoleName: &role, PolicyArn: &arn})
			return err
		},
	},
	&kind[rolePolicy]{
		Token:   "aws:iam/rolePolicy:RolePolicy",
		Name:    "name",
		Replace: []string{"name", "role"},
		Rules: rules{
			rule("name", provider.Length(1, 128), rolePolicyDocs),
			rule("name", iamName, rolePolicyDocs),
			rule("policy", policy("Resource"), rolePolicyDocs),
		},
		Create: func(ctx context.Context, client *api, in *rolePolicy) (string, error) {
			if _, err := client.IAM.PutRolePolicy(ctx, expanded[iam.PutRolePolicyInput](in)); err != nil {
				return "", err
			}
			return in.RoleName + ":" + in.PolicyName, nil
		},
		Read: func(ctx context.Context, client *api, id string, in *rolePolicy) error {
			in.RoleName, in.PolicyName, _ = strings.Cut(id, ":")
			return readPolicy(ctx, client, in.RoleName, in.PolicyName, &in.PolicyDocument)
		},
		Update: func(ctx context.Context, client *api, _ string, _, in *rolePolicy) error {
			_, err := client.IAM.PutRolePolicy(ctx, expanded[iam.PutRolePolicyInput](in))
			return err
		},
		Delete: func(ctx context.Context, client *api, id string, _ *rolePolicy) error {
			role, name, _ := strings.Cut(id, ":")
			return deletePolicy(ctx, client, role, name)
		},
	},
}

type role struct {
	RoleName                 string            `pulumi:"name"`
	Description              *string           `pulumi:"description,optional"`
	Path                     *string           `pulumi:"path,optional"`
	AssumeRolePolicyDocument provider.Document `pulumi:"assumeRolePolicy"`
	InlinePolicies           []inlinePolicy    `pulumi:"inlinePolicies,optional"`
	PermissionsBoundary      *string           `pulumi:"permissionsBoundary,watched"`
	Tags                     map[string]string `pulumi:"tags,optional"`
	Arn                      string            `pulumi:"arn,output"`
	CreateDate               string            `pulumi:"createDate,output"`
	RoleID                   string            `pulumi:"uniqueId,output"`
}

type inlinePolicy struct {
	PolicyName     string            `pulumi:"name"`
	PolicyDocument provider.Document `pulumi:"policy"`
}

const (
	roleDocs       = "IAM API reference, CreateRole"
	rolePolicyDocs = "IAM API reference, PutRolePolicy"
)

var iamName = provider.Matching(`^[\w+=,.@-]+$`, "have only letters, digits and _+=,.@-")

var roleRules = rules{
	rule("name", provider.Length(1, 64), roleDocs),
	rule("name", iamName, roleDocs),
	rule("description", provider.Length(0, 1000), roleDocs),
	rule("description", provider.Matching(`^[\t\n\r -~\x{A1}-\x{FF}]*$`,
		"have only characters of Latin-1, and no typographic quotes"), roleDocs),
	rule("path", provider.Length(0, 512), "terraform-provider-aws, internal/service/iam/role.go"),
	rule("assumeRolePolicy", policy("Principal"), roleDocs),
	rule("permissionsBoundary", managedPolicy, roleDocs),
	rule("inlinePolicies[].name", provider.Length(1, 128), rolePolicyDocs),
	rule("inlinePolicies[].name", iamName, rolePolicyDocs),
	rule("inlinePolicies[].policy", policy("Resource"), rolePolicyDocs),
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
	if err := unescape(&in.AssumeRolePolicyDocument, found.Role.AssumeRolePolicyDocument); err != nil {
		return fmt.Errorf("decode the trust policy of role %s: %w", id, err)
	}
	policies, err := client.IAM.ListRolePolicies(ctx, &iam.ListRolePoliciesInput{RoleName: &id})
	if err != nil {
		return err
	}
	var observed []inlinePolicy
	for _, name := range policies.PolicyNames {
		each := inlinePolicy{PolicyName: name}
		if err := readPolicy(ctx, client, id, name, &each.PolicyDocument); err != nil {
			return err
		}
		observed = append(observed, each)
	}
	in.InlinePolicies = observed
	return nil
}

// updateRole leaves it to Complete to put the inline policies that there are.
func updateRole(ctx context.Context, client *api, id string, old, in *role) error {
	if old.AssumeRolePolicyDocument != in.AssumeRolePolicyDocument {
		if _, err := client.IAM.UpdateAssumeRolePolicy(ctx, &iam.UpdateAssumeRolePolicyInput{
			RoleName: &id, PolicyDocument: (*string)(&in.AssumeRolePolicyDocument),
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

type attachment struct {
	RoleName  string `pulumi:"role"`
	PolicyArn string `pulumi:"policyArn"`
}

func readAttachment(ctx context.Context, client *api, id string, in *attachment) error {
	in.RoleName, in.PolicyArn, _ = strings.Cut(id, "/")
	pages := iam.NewListAttachedRolePoliciesPaginator(client.IAM, &iam.ListAttachedRolePoliciesInput{RoleName: &in.RoleName})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return err
		}
		if slices.ContainsFunc(page.AttachedPolicies, func(each types.AttachedPolicy) bool { return deref(each.PolicyArn) == in.PolicyArn }) {
			return nil
		}
	}
	return provider.ErrNotFound
}

type rolePolicy struct {
	PolicyName     string            `pulumi:"name"`
	RoleName       string            `pulumi:"role"`
	PolicyDocument provider.Document `pulumi:"policy"`
}

func readPolicy(ctx context.Context, client *api, role, name string, document *provider.Document) error {
	found, err := client.IAM.GetRolePolicy(ctx, &iam.GetRolePolicyInput{RoleName: &role, PolicyName: &name})
	if err != nil {
		return err
	}
	if err := unescape(document, found.PolicyDocument); err != nil {
		return fmt.Errorf("decode the policy %s of role %s: %w", name, role, err)
	}
	return nil
}

func deletePolicy(ctx context.Context, client *api, role, name string) error {
	_, err := client.IAM.DeleteRolePolicy(ctx, &iam.DeleteRolePolicyInput{RoleName: &role, PolicyName: &name})
	return err
}

// unescape decodes a document as IAM hands it out.
func unescape(document *provider.Document, escaped *string) error {
	text, err := url.QueryUnescape(deref(escaped))
	*document = provider.Document(text)
	return err
}
