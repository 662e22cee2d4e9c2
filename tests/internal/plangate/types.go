package plangate

// The types that more than one rule speaks of.
const (
	bucket         = "aws:s3/bucketV2:BucketV2"
	certificate    = "aws:acm/certificate:Certificate"
	cluster        = "aws:ecs/cluster:Cluster"
	dashboard      = "aws:cloudwatch/dashboard:Dashboard"
	listener       = "aws:lb/listener:Listener"
	loadBalancer   = "aws:lb/loadBalancer:LoadBalancer"
	metricAlarm    = "aws:cloudwatch/metricAlarm:MetricAlarm"
	parameter      = "aws:ssm/parameter:Parameter"
	record         = "aws:route53/record:Record"
	repository     = "aws:ecr/repository:Repository"
	role           = "aws:iam/role:Role"
	scalableTarget = "aws:appautoscaling/target:Target"
	scalingPolicy  = "aws:appautoscaling/policy:Policy"
	service        = "aws:ecs/service:Service"
	subscription   = "aws:sns/topicSubscription:TopicSubscription"
	targetGroup    = "aws:lb/targetGroup:TargetGroup"
	taskDefinition = "aws:ecs/taskDefinition:TaskDefinition"
	topic          = "aws:sns/topic:Topic"
	topicPolicy    = "aws:sns/topicPolicy:TopicPolicy"
	validation     = "aws:acm/certificateValidation:CertificateValidation"
)
