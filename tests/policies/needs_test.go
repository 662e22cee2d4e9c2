package policies

// What the program's lookups and Pulumi's backend in Amazon S3 need, with AWS KMS as the secrets provider. KMS
// decrypts the key that encrypts the state's secrets. It encrypts that key only where it is made, by `pulumi stack
// init` and `change-secrets-provider` (pulumi/pkg, secrets/cloud).
var (
	lookups = []string{
		"ec2:DescribeVpcs", "ec2:DescribeVpcAttribute", "ec2:DescribeRouteTables", "ec2:DescribeSubnets",
		"sts:GetCallerIdentity",
		"route53:ListHostedZones", "route53:GetHostedZone", "route53:ListTagsForResource",
	}
	stateReads  = []string{"s3:ListBucket", "s3:GetObject", "kms:Decrypt"}
	stateWrites = []string{"s3:PutObject", "s3:DeleteObject"}
)
