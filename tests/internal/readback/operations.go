package readback

import (
	"context"
	"encoding/json"
	"fmt"

	"mediaserver/tests/internal/awsclients"
)

// operation calls an AWS API with an input that is written as JSON.
type operation func(ctx context.Context, input []byte) (answer any, err error)

// operations are the calls that the inventory may name.
func operations(clients *awsclients.Clients) map[string]operation {
	return map[string]operation{
		"acm.DescribeCertificate":              of(clients.ACM.DescribeCertificate),
		"acm.ListTagsForCertificate":           of(clients.ACM.ListTagsForCertificate),
		"autoscaling.DescribeScalableTargets":  of(clients.Autoscaling.DescribeScalableTargets),
		"autoscaling.DescribeScalingPolicies":  of(clients.Autoscaling.DescribeScalingPolicies),
		"cloudwatch.DescribeAlarms":            of(clients.CloudWatch.DescribeAlarms),
		"cloudwatch.GetDashboard":              of(clients.CloudWatch.GetDashboard),
		"cloudwatch.ListTagsForResource":       of(clients.CloudWatch.ListTagsForResource),
		"ec2.DescribeSecurityGroups":           of(clients.EC2.DescribeSecurityGroups),
		"ec2.DescribeSubnets":                  of(clients.EC2.DescribeSubnets),
		"ec2.DescribeVpcs":                     of(clients.EC2.DescribeVpcs),
		"ecr.DescribeRepositories":             of(clients.ECR.DescribeRepositories),
		"ecr.GetLifecyclePolicy":               of(clients.ECR.GetLifecyclePolicy),
		"ecr.GetRepositoryPolicy":              of(clients.ECR.GetRepositoryPolicy),
		"ecr.ListTagsForResource":              of(clients.ECR.ListTagsForResource),
		"ecs.DescribeClusters":                 of(clients.ECS.DescribeClusters),
		"ecs.DescribeServices":                 of(clients.ECS.DescribeServices),
		"ecs.DescribeTaskDefinition":           of(clients.ECS.DescribeTaskDefinition),
		"elbv2.DescribeListenerAttributes":     of(clients.LoadBalancing.DescribeListenerAttributes),
		"elbv2.DescribeListeners":              of(clients.LoadBalancing.DescribeListeners),
		"elbv2.DescribeLoadBalancerAttributes": of(clients.LoadBalancing.DescribeLoadBalancerAttributes),
		"elbv2.DescribeLoadBalancers":          of(clients.LoadBalancing.DescribeLoadBalancers),
		"elbv2.DescribeTags":                   of(clients.LoadBalancing.DescribeTags),
		"elbv2.DescribeTargetGroupAttributes":  of(clients.LoadBalancing.DescribeTargetGroupAttributes),
		"elbv2.DescribeTargetGroups":           of(clients.LoadBalancing.DescribeTargetGroups),
		"iam.GetRole":                          of(clients.IAM.GetRole),
		"iam.GetRolePolicy":                    of(clients.IAM.GetRolePolicy),
		"iam.ListAttachedRolePolicies":         of(clients.IAM.ListAttachedRolePolicies),
		"iam.ListRolePolicies":                 of(clients.IAM.ListRolePolicies),
		"logs.DescribeLogGroups":               of(clients.Logs.DescribeLogGroups),
		"logs.ListTagsForResource":             of(clients.Logs.ListTagsForResource),
		"route53.ListResourceRecordSets":       of(clients.Route53.ListResourceRecordSets),
		"s3.GetBucketCors":                     of(clients.S3.GetBucketCors),
		"s3.GetBucketEncryption":               of(clients.S3.GetBucketEncryption),
		"s3.GetBucketLifecycleConfiguration":   of(clients.S3.GetBucketLifecycleConfiguration),
		"s3.GetBucketTagging":                  of(clients.S3.GetBucketTagging),
		"s3.GetBucketVersioning":               of(clients.S3.GetBucketVersioning),
		"s3.GetPublicAccessBlock":              of(clients.S3.GetPublicAccessBlock),
		"s3.HeadBucket":                        of(clients.S3.HeadBucket),
		"sns.GetTopicAttributes":               of(clients.SNS.GetTopicAttributes),
		"sns.ListSubscriptionsByTopic":         of(clients.SNS.ListSubscriptionsByTopic),
		"sns.ListTagsForResource":              of(clients.SNS.ListTagsForResource),
		"ssm.GetParameter":                     of(clients.SSM.GetParameter),
		"ssm.ListTagsForResource":              of(clients.SSM.ListTagsForResource),
	}
}

// of makes an operation of a method of a client.
func of[Input, Output, Options any](method func(context.Context, *Input, ...func(*Options)) (*Output, error)) operation {
	return func(ctx context.Context, text []byte) (any, error) {
		input := new(Input)
		if err := json.Unmarshal(text, input); err != nil {
			return nil, fmt.Errorf("read the input: %w", err)
		}
		return method(ctx, input)
	}
}
