package awsprovider

import (
	"context"
	"regexp"

	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"

	"mediaserver/tests/internal/provider"
)

type securityGroupInputs struct {
	Name        string              `pulumi:"name"`
	Description string              `pulumi:"description"`
	VpcID       string              `pulumi:"vpcId"`
	Ingress     []securityGroupRule `pulumi:"ingress,optional"`
	Egress      []securityGroupRule `pulumi:"egress,optional"`
	Tags        map[string]string   `pulumi:"tags,optional"`
}

type securityGroupOutputs struct {
	Arn     string `pulumi:"arn"`
	OwnerID string `pulumi:"ownerId"`
}

var (
	securityGroupName = textRule{
		1, 255, regexp.MustCompile(`^[0-9A-Za-z_ .:/()#,@\[\]+=&;{}!$*-]*$`),
		"only letters, digits, spaces and ._-:/()#,@[]+=&;{}!$*",
	}
	securityGroupIDPattern = regexp.MustCompile(`^sg-`)
)

// Rules: Amazon EC2 API reference, CreateSecurityGroup and IpPermission.
var ec2SecurityGroup = &kind[securityGroupInputs, securityGroupOutputs]{
	Token:    "aws:ec2/securityGroup:SecurityGroup",
	Name:     "name",
	Replace:  []string{"name", "description", "vpcId"},
	Check:    checkSecurityGroup,
	Create:   createSecurityGroup,
	Read:     readSecurityGroup,
	Complete: setRules,
	Delete: func(ctx context.Context, client *api, id string, _ *securityGroupInputs, _ *securityGroupOutputs) error {
		_, err := client.EC2.DeleteSecurityGroup(ctx, &ec2.DeleteSecurityGroupInput{GroupId: &id})
		return err
	},
	SetTags:    setSecurityGroupTags,
	RemoveTags: removeSecurityGroupTags,
}

func checkSecurityGroup(in *securityGroupInputs, problems *provider.Problems) {
	securityGroupName.check(problems, "name", in.Name)
	securityGroupName.check(problems, "description", in.Description)
	if securityGroupIDPattern.MatchString(in.Name) {
		problems.Refuse("name", in.Name, "must not begin with sg-")
	}
	checkRules(problems, "ingress", in.Ingress)
	checkRules(problems, "egress", in.Egress)
}

func createSecurityGroup(ctx context.Context, client *api, in *securityGroupInputs) (string, error) {
	created, err := client.EC2.CreateSecurityGroup(ctx, &ec2.CreateSecurityGroupInput{
		GroupName:   &in.Name,
		Description: &in.Description,
		VpcId:       &in.VpcID,
		TagSpecifications: []types.TagSpecification{{
			ResourceType: types.ResourceTypeSecurityGroup,
			Tags:         tagList(in.Tags, ec2Tag),
		}},
	})
	if err != nil {
		return "", err
	}
	return *created.GroupId, nil
}

func readSecurityGroup(ctx context.Context, client *api, id string, in *securityGroupInputs, out *securityGroupOutputs) error {
	group, err := describeSecurityGroup(ctx, client, id)
	if err != nil {
		return err
	}
	observeRequired(&in.Name, group.GroupName)
	observeRequired(&in.Description, group.Description)
	observeRequired(&in.VpcID, group.VpcId)
	observeRules(&in.Ingress, id, group.IpPermissions)
	observeRules(&in.Egress, id, group.IpPermissionsEgress)
	in.Tags = tagMap(group.Tags, func(tag types.Tag) (*string, *string) { return tag.Key, tag.Value })
	out.Arn, out.OwnerID = deref(group.SecurityGroupArn), deref(group.OwnerId)
	return nil
}

func setSecurityGroupTags(ctx context.Context, client *api, id string, _ *securityGroupOutputs, tags map[string]string) error {
	_, err := client.EC2.CreateTags(ctx, &ec2.CreateTagsInput{
		Resources: []string{id}, Tags: tagList(tags, ec2Tag),
	})
	return err
}

func removeSecurityGroupTags(ctx context.Context, client *api, id string, _ *securityGroupOutputs, keys []string) error {
	var tags []types.Tag
	for _, key := range keys {
		tags = append(tags, types.Tag{Key: &key})
	}
	_, err := client.EC2.DeleteTags(ctx, &ec2.DeleteTagsInput{Resources: []string{id}, Tags: tags})
	return err
}

func describeSecurityGroup(ctx context.Context, client *api, id string) (types.SecurityGroup, error) {
	found, err := client.EC2.DescribeSecurityGroups(ctx, &ec2.DescribeSecurityGroupsInput{GroupIds: []string{id}})
	if err != nil {
		return types.SecurityGroup{}, err
	}
	if len(found.SecurityGroups) == 0 {
		return types.SecurityGroup{}, provider.ErrNotFound
	}
	return found.SecurityGroups[0], nil
}

func ec2Tag(key, value *string) types.Tag { return types.Tag{Key: key, Value: value} }
