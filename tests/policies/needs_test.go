package policies

// What the program's lookups and Pulumi's backend in Amazon S3 need, with AWS KMS as the secrets provider. KMS
// decrypts the key that encrypts the state's secrets. It encrypts that key only where it is made, by `pulumi stack
// init` and `change-secrets-provider` (pulumi/pkg, secrets/cloud).
var (
	lookups = []string{
		"ec2:DescribeVpcs", "ec2:DescribeVpcAttribute", "ec2:DescribeRouteTables", "ec2:DescribeSubnets",
		"ec2:DescribeAvailabilityZones", "sts:GetCallerIdentity",
		"route53:ListHostedZones", "route53:GetHostedZone", "route53:ListTagsForResource",
	}
	stateReads  = []string{"s3:ListBucket", "s3:GetObject", "kms:Decrypt"}
	stateWrites = []string{"s3:PutObject", "s3:DeleteObject"}
)

// withoutResource are the granted actions for which AWS knows no resource: a grant on one would grant nothing
// (AWS service authorization reference).
var withoutResource = []string{
	"application-autoscaling:DescribeScalableTargets",
	"application-autoscaling:DescribeScalingPolicies",
	"ec2:DescribeAccountAttributes",
	"ec2:DescribeAddresses",
	"ec2:DescribeAvailabilityZones",
	"ec2:DescribeInternetGateways",
	"ec2:DescribeNetworkInterfaces",
	"ec2:DescribeRouteTables",
	"ec2:DescribeSecurityGroups",
	"ec2:DescribeSubnets",
	"ec2:DescribeVpcs",
	"ecr:GetAuthorizationToken",
	"ecs:DescribeTaskDefinition",
	"elasticloadbalancing:DescribeCapacityReservation",
	"elasticloadbalancing:DescribeListenerAttributes",
	"elasticloadbalancing:DescribeListeners",
	"elasticloadbalancing:DescribeLoadBalancerAttributes",
	"elasticloadbalancing:DescribeLoadBalancers",
	"elasticloadbalancing:DescribeTags",
	"elasticloadbalancing:DescribeTargetGroupAttributes",
	"elasticloadbalancing:DescribeTargetGroups",
	"elasticloadbalancing:DescribeTargetHealth",
	"logs:DescribeLogGroups",
	"route53:ListHostedZones",
	"sns:GetSubscriptionAttributes",
	"sns:Unsubscribe",
	"ssm:DescribeParameters",
	"ssmmessages:CreateControlChannel",
	"ssmmessages:CreateDataChannel",
	"ssmmessages:OpenControlChannel",
	"ssmmessages:OpenDataChannel",
	"sts:GetCallerIdentity",
}

// boundOtherwise are the actions that are granted on everything although AWS knows a resource, or not in every one of
// its documents: conditions bind ListTasks to the cluster, PutMetricData to the namespace and RequestCertificate to the
// domain, and DescribeAlarms lists.
var boundOtherwise = []string{"acm:RequestCertificate", "cloudwatch:DescribeAlarms", "cloudwatch:PutMetricData", "ecs:ListTasks"}
