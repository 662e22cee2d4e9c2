// Package awsclients makes clients of the AWS APIs, for the emulator and for AWS alike.
package awsclients

import (
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/acm"
	"github.com/aws/aws-sdk-go-v2/service/applicationautoscaling"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch/schemas"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ecr"
	"github.com/aws/aws-sdk-go-v2/service/ecs"
	"github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/route53"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/sns"
	"github.com/aws/aws-sdk-go-v2/service/ssm"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/aws/smithy-go/transport/http/protocol/awsquery"
)

// Clients are clients of the AWS APIs that the program's resources and lookups belong to.
type Clients struct {
	ACM           *acm.Client
	Autoscaling   *applicationautoscaling.Client
	CloudWatch    *cloudwatch.Client
	EC2           *ec2.Client
	ECR           *ecr.Client
	ECS           *ecs.Client
	IAM           *iam.Client
	LoadBalancing *elasticloadbalancingv2.Client
	Logs          *cloudwatchlogs.Client
	Route53       *route53.Client
	S3            *s3.Client
	SNS           *sns.Client
	SSM           *ssm.Client
	STS           *sts.Client
}

// New makes the clients of an account. A configuration with an endpoint of its own belongs to an emulator.
func New(account aws.Config) *Clients {
	return &Clients{
		ACM:         acm.NewFromConfig(account),
		Autoscaling: applicationautoscaling.NewFromConfig(account),
		CloudWatch: cloudwatch.NewFromConfig(account, func(options *cloudwatch.Options) {
			// The emulator does not know the protocol that the SDK uses for CloudWatch by default, but the one before
			// it, which AWS serves too.
			if account.BaseEndpoint != nil {
				options.Protocol = awsquery.New(schemas.GraniteServiceVersion20100801)
			}
		}),
		EC2:           ec2.NewFromConfig(account),
		ECR:           ecr.NewFromConfig(account),
		ECS:           ecs.NewFromConfig(account),
		IAM:           iam.NewFromConfig(account),
		LoadBalancing: elasticloadbalancingv2.NewFromConfig(account),
		Logs:          cloudwatchlogs.NewFromConfig(account),
		Route53:       route53.NewFromConfig(account),
		S3: s3.NewFromConfig(account, func(options *s3.Options) {
			// The emulator serves all buckets under one host name.
			options.UsePathStyle = account.BaseEndpoint != nil
		}),
		SNS: sns.NewFromConfig(account),
		SSM: ssm.NewFromConfig(account),
		STS: sts.NewFromConfig(account),
	}
}
