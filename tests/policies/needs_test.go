package policies

// needs are the IAM actions that managing one type of resource takes: what the AWS provider
// calls, which for Amazon S3 is not always what the action is called.
type needs struct {
	read, create, update, remove []string
}

// needed states them for every type that the program registers. Types that live in Pulumi's
// state alone need nothing.
var needed = map[string]needs{
	"random:index/randomString:RandomString":     {},
	"random:index/randomPassword:RandomPassword": {},
	"aws:ec2/securityGroup:SecurityGroup": {
		read:   []string{"ec2:DescribeSecurityGroups"},
		create: []string{"ec2:CreateSecurityGroup", "ec2:CreateTags", "ec2:AuthorizeSecurityGroupIngress", "ec2:AuthorizeSecurityGroupEgress", "ec2:RevokeSecurityGroupEgress"},
		update: []string{"ec2:AuthorizeSecurityGroupIngress", "ec2:RevokeSecurityGroupIngress", "ec2:AuthorizeSecurityGroupEgress", "ec2:RevokeSecurityGroupEgress", "ec2:CreateTags", "ec2:DeleteTags"},
		remove: []string{"ec2:DeleteSecurityGroup", "ec2:DescribeNetworkInterfaces"},
	},
	"aws:s3/bucketV2:BucketV2": {
		// The provider reads every setting of a bucket, also those that other resources manage.
		read: []string{
			"s3:ListBucket", "s3:GetAccelerateConfiguration", "s3:GetBucketAcl", "s3:GetBucketCORS", "s3:GetBucketLocation", "s3:GetBucketLogging",
			"s3:GetBucketObjectLockConfiguration", "s3:GetBucketPolicy", "s3:GetBucketRequestPayment", "s3:GetBucketTagging", "s3:GetBucketVersioning",
			"s3:GetBucketWebsite", "s3:GetEncryptionConfiguration", "s3:GetLifecycleConfiguration", "s3:GetReplicationConfiguration",
		},
		create: []string{"s3:CreateBucket", "s3:PutBucketTagging"},
		update: []string{"s3:PutBucketTagging"},
		remove: []string{"s3:DeleteBucket", "s3:ListBucketVersions", "s3:DeleteObject", "s3:DeleteObjectVersion"},
	},
	"aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock":                                     setting("s3:GetBucketPublicAccessBlock", "s3:PutBucketPublicAccessBlock"),
	"aws:s3/bucketServerSideEncryptionConfigurationV2:BucketServerSideEncryptionConfigurationV2": setting("s3:GetEncryptionConfiguration", "s3:PutEncryptionConfiguration"),
	"aws:s3/bucketVersioningV2:BucketVersioningV2":                                               setting("s3:GetBucketVersioning", "s3:PutBucketVersioning"),
	"aws:s3/bucketLifecycleConfigurationV2:BucketLifecycleConfigurationV2":                       setting("s3:GetLifecycleConfiguration", "s3:PutLifecycleConfiguration"),
	"aws:s3/bucketCorsConfigurationV2:BucketCorsConfigurationV2":                                 setting("s3:GetBucketCORS", "s3:PutBucketCORS"),
	"aws:ecr/repository:Repository": {
		read:   []string{"ecr:DescribeRepositories", "ecr:ListTagsForResource"},
		create: []string{"ecr:CreateRepository", "ecr:TagResource"},
		update: []string{"ecr:PutImageScanningConfiguration", "ecr:PutImageTagMutability", "ecr:TagResource", "ecr:UntagResource"},
		remove: []string{"ecr:DeleteRepository"},
	},
	"aws:ecr/repositoryPolicy:RepositoryPolicy": {
		read: []string{"ecr:GetRepositoryPolicy"}, create: []string{"ecr:SetRepositoryPolicy"},
		update: []string{"ecr:SetRepositoryPolicy"}, remove: []string{"ecr:DeleteRepositoryPolicy"},
	},
	"aws:ecr/lifecyclePolicy:LifecyclePolicy": {
		read: []string{"ecr:GetLifecyclePolicy"}, create: []string{"ecr:PutLifecyclePolicy"},
		update: []string{"ecr:PutLifecyclePolicy"}, remove: []string{"ecr:DeleteLifecyclePolicy"},
	},
	// Whoever deploys neither sets nor removes a permissions boundary: a role is made with the one that it keeps.
	"aws:iam/role:Role": {
		read:   []string{"iam:GetRole", "iam:ListRolePolicies", "iam:GetRolePolicy", "iam:ListAttachedRolePolicies"},
		create: []string{"iam:CreateRole", "iam:TagRole", "iam:PutRolePolicy"},
		update: []string{"iam:UpdateRole", "iam:UpdateRoleDescription", "iam:UpdateAssumeRolePolicy", "iam:PutRolePolicy", "iam:DeleteRolePolicy", "iam:TagRole", "iam:UntagRole"},
		remove: []string{"iam:DeleteRole", "iam:DeleteRolePolicy", "iam:ListInstanceProfilesForRole"},
	},
	"aws:iam/rolePolicy:RolePolicy": {
		read: []string{"iam:GetRolePolicy"}, create: []string{"iam:PutRolePolicy"},
		update: []string{"iam:PutRolePolicy"}, remove: []string{"iam:DeleteRolePolicy"},
	},
	"aws:iam/rolePolicyAttachment:RolePolicyAttachment": {
		read: []string{"iam:ListAttachedRolePolicies"}, create: []string{"iam:AttachRolePolicy"}, remove: []string{"iam:DetachRolePolicy"},
	},
	"aws:ssm/parameter:Parameter": {
		read:   []string{"ssm:GetParameter", "ssm:DescribeParameters", "ssm:ListTagsForResource"},
		create: []string{"ssm:PutParameter", "ssm:AddTagsToResource"},
		update: []string{"ssm:PutParameter", "ssm:AddTagsToResource", "ssm:RemoveTagsFromResource"},
		remove: []string{"ssm:DeleteParameter"},
	},
	"aws:lb/loadBalancer:LoadBalancer": {
		read: []string{
			"elasticloadbalancing:DescribeLoadBalancers", "elasticloadbalancing:DescribeLoadBalancerAttributes",
			"elasticloadbalancing:DescribeTags", "elasticloadbalancing:DescribeCapacityReservation",
		},
		// Elastic Load Balancing looks at the network with the caller's rights (the actions on ec2 are those of its own
		// controller's policy, kubernetes-sigs/aws-load-balancer-controller docs/install/iam_policy.json; without
		// GetSecurityGroupsForVpc some accounts refuse, #3917 there), and makes its own role once.
		create: []string{
			"elasticloadbalancing:CreateLoadBalancer", "elasticloadbalancing:AddTags", "elasticloadbalancing:ModifyLoadBalancerAttributes",
			"ec2:DescribeAccountAttributes", "ec2:DescribeAddresses", "ec2:DescribeInternetGateways", "ec2:DescribeSubnets", "ec2:DescribeVpcs",
			"ec2:DescribeSecurityGroups", "ec2:GetSecurityGroupsForVpc",
			"iam:CreateServiceLinkedRole",
		},
		update: []string{
			"elasticloadbalancing:ModifyLoadBalancerAttributes", "elasticloadbalancing:SetSecurityGroups", "elasticloadbalancing:SetSubnets",
			"elasticloadbalancing:AddTags", "elasticloadbalancing:RemoveTags",
		},
		remove: []string{"elasticloadbalancing:DeleteLoadBalancer", "ec2:DescribeNetworkInterfaces"},
	},
	"aws:lb/targetGroup:TargetGroup": {
		read:   []string{"elasticloadbalancing:DescribeTargetGroups", "elasticloadbalancing:DescribeTargetGroupAttributes", "elasticloadbalancing:DescribeTags"},
		create: []string{"elasticloadbalancing:CreateTargetGroup", "elasticloadbalancing:AddTags", "elasticloadbalancing:ModifyTargetGroupAttributes"},
		update: []string{"elasticloadbalancing:ModifyTargetGroup", "elasticloadbalancing:ModifyTargetGroupAttributes", "elasticloadbalancing:AddTags", "elasticloadbalancing:RemoveTags"},
		remove: []string{"elasticloadbalancing:DeleteTargetGroup"},
	},
	"aws:lb/listener:Listener": {
		read:   []string{"elasticloadbalancing:DescribeListeners", "elasticloadbalancing:DescribeListenerAttributes", "elasticloadbalancing:DescribeTags"},
		create: []string{"elasticloadbalancing:CreateListener", "elasticloadbalancing:AddTags"},
		update: []string{"elasticloadbalancing:ModifyListener", "elasticloadbalancing:ModifyListenerAttributes", "elasticloadbalancing:AddTags", "elasticloadbalancing:RemoveTags"},
		remove: []string{"elasticloadbalancing:DeleteListener"},
	},
	"aws:ecs/cluster:Cluster": {
		read:   []string{"ecs:DescribeClusters"},
		create: []string{"ecs:CreateCluster", "ecs:TagResource", "iam:CreateServiceLinkedRole"},
		update: []string{"ecs:UpdateCluster", "ecs:TagResource", "ecs:UntagResource"},
		remove: []string{"ecs:DeleteCluster"},
	},
	"aws:ecs/clusterCapacityProviders:ClusterCapacityProviders": {
		read: []string{"ecs:DescribeClusters"}, create: []string{"ecs:PutClusterCapacityProviders"},
		update: []string{"ecs:PutClusterCapacityProviders"}, remove: []string{"ecs:PutClusterCapacityProviders"},
	},
	"aws:ecs/taskDefinition:TaskDefinition": {
		read:   []string{"ecs:DescribeTaskDefinition"},
		create: []string{"ecs:RegisterTaskDefinition", "ecs:TagResource", "iam:PassRole"},
		update: []string{"ecs:TagResource", "ecs:UntagResource"},
		remove: []string{"ecs:DeregisterTaskDefinition"},
	},
	"aws:ecs/service:Service": {
		read:   []string{"ecs:DescribeServices"},
		create: []string{"ecs:CreateService", "ecs:TagResource"},
		update: []string{"ecs:UpdateService", "ecs:TagResource", "ecs:UntagResource"},
		// A service is scaled down to nothing before it is deleted.
		remove: []string{"ecs:UpdateService", "ecs:DeleteService"},
	},
	"aws:appautoscaling/target:Target": {
		read:   []string{"application-autoscaling:DescribeScalableTargets", "application-autoscaling:ListTagsForResource"},
		create: []string{"application-autoscaling:RegisterScalableTarget", "application-autoscaling:TagResource", "iam:CreateServiceLinkedRole"},
		// The provider names the service-linked role of the target whenever it updates it, which AWS takes for passing
		// it (aws-controllers-k8s/applicationautoscaling-controller#35).
		update: []string{
			"application-autoscaling:RegisterScalableTarget", "application-autoscaling:TagResource", "application-autoscaling:UntagResource",
			"iam:PassRole",
		},
		remove: []string{"application-autoscaling:DeregisterScalableTarget"},
	},
	"aws:appautoscaling/policy:Policy": {
		read: []string{"application-autoscaling:DescribeScalingPolicies"}, create: []string{"application-autoscaling:PutScalingPolicy"},
		update: []string{"application-autoscaling:PutScalingPolicy"}, remove: []string{"application-autoscaling:DeleteScalingPolicy"},
	},
	"aws:cloudwatch/metricAlarm:MetricAlarm": {
		read:   []string{"cloudwatch:DescribeAlarms", "cloudwatch:ListTagsForResource"},
		create: []string{"cloudwatch:PutMetricAlarm", "cloudwatch:TagResource"},
		update: []string{"cloudwatch:PutMetricAlarm", "cloudwatch:TagResource", "cloudwatch:UntagResource"},
		remove: []string{"cloudwatch:DeleteAlarms"},
	},
	"aws:cloudwatch/logGroup:LogGroup": {
		read:   []string{"logs:DescribeLogGroups", "logs:ListTagsForResource"},
		create: []string{"logs:CreateLogGroup", "logs:TagResource", "logs:PutRetentionPolicy"},
		update: []string{"logs:PutRetentionPolicy", "logs:DeleteRetentionPolicy", "logs:TagResource", "logs:UntagResource"},
		remove: []string{"logs:DeleteLogGroup"},
	},
	"aws:cloudwatch/dashboard:Dashboard": {
		read: []string{"cloudwatch:GetDashboard"}, create: []string{"cloudwatch:PutDashboard"},
		update: []string{"cloudwatch:PutDashboard"}, remove: []string{"cloudwatch:DeleteDashboards"},
	},
}

// setting is what one setting of a bucket needs: taking it back is also a put.
func setting(get, put string) needs {
	return needs{read: []string{get}, create: []string{put}, update: []string{put}, remove: []string{put}}
}

// What the program's lookups and Pulumi's backend in Amazon S3 need, with AWS KMS as the secrets provider. KMS
// decrypts the key that encrypts the state's secrets. It encrypts that key only where it is made, by `pulumi stack
// init` and `change-secrets-provider` (pulumi/pkg, secrets/cloud).
var (
	lookups = []string{
		"ec2:DescribeVpcs", "ec2:DescribeVpcAttribute", "ec2:DescribeRouteTables", "ec2:DescribeSubnets",
		"ec2:DescribeAvailabilityZones", "sts:GetCallerIdentity",
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
	"ecs:DeregisterTaskDefinition",
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
	"ssm:DescribeParameters",
	"ssmmessages:CreateControlChannel",
	"ssmmessages:CreateDataChannel",
	"ssmmessages:OpenControlChannel",
	"ssmmessages:OpenDataChannel",
	"sts:GetCallerIdentity",
}

// boundOtherwise are the actions that are granted on everything although AWS knows a resource: a condition binds
// ListTasks to the cluster and PutMetricData to the namespace, and DescribeAlarms lists.
var boundOtherwise = []string{"cloudwatch:DescribeAlarms", "cloudwatch:PutMetricData", "ecs:ListTasks"}
