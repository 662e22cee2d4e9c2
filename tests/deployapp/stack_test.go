package deployapp

import (
	"maps"
	"slices"
	"strings"
	"testing"
)

const (
	region         = "eu-west-2"
	repository     = "123456789012.dkr.ecr.eu-west-2.amazonaws.com/mediaserver"
	registryHost   = "123456789012.dkr.ecr.eu-west-2.amazonaws.com"
	cluster        = "mediaserver-cluster"
	serviceName    = "mediaserver-service"
	stackRevision  = "arn:aws:ecs:eu-west-2:123456789012:task-definition/mediaserver:7"
	newRevision    = "arn:aws:ecs:eu-west-2:123456789012:task-definition/mediaserver:8"
	targetGroup    = "arn:aws:elasticloadbalancing:eu-west-2:123456789012:targetgroup/mediaserver-tg/73e2d6bc24d8a067"
	secretARN      = "arn:aws:ssm:eu-west-2:123456789012:parameter/mediaserver/jwt-secret"
	oldDeployment  = "ecs-svc/1111111111111111111"
	ourDeployment  = "ecs-svc/2222222222222222222"
	aliensDeploy   = "ecs-svc/3333333333333333333"
	imageDigest    = "sha256:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
	strangeDigest  = "sha256:bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"
	registrySecret = "registry-password-that-nobody-may-see"
	layerAddress   = "https://prod-eu-west-2-starport-layer-bucket.s3.eu-west-2.amazonaws.com/config?X-Amz-Expires=3600&X-Amz-Signature=nobody-may-see"
)

// object is JSON as AWS answers it.
type object = map[string]any

// deployment is one entry of a service's deployments.
type deployment struct {
	ID             string `json:"id"`
	Status         string `json:"status"`
	TaskDefinition string `json:"taskDefinition"`
	Desired        int    `json:"desiredCount"`
	Running        int    `json:"runningCount"`
	Pending        int    `json:"pendingCount"`
	Failed         int    `json:"failedTasks"`
	RolloutState   string `json:"rolloutState,omitempty"`
	Reason         string `json:"rolloutStateReason,omitempty"`
	CreatedAt      any    `json:"createdAt,omitempty"` // a number, or the text of the AWS CLI 2
}

// The states that a deployment goes through.
var (
	oldComplete = deployment{ID: oldDeployment, Status: "PRIMARY", TaskDefinition: stackRevision, Desired: 2, Running: 2, RolloutState: "COMPLETED"}
	oldActive   = deployment{ID: oldDeployment, Status: "ACTIVE", TaskDefinition: stackRevision, Desired: 0, Running: 2, RolloutState: "COMPLETED"}
	ourStart    = deployment{ID: ourDeployment, Status: "PRIMARY", TaskDefinition: stackRevision, Desired: 2, RolloutState: "IN_PROGRESS"}
	ourHalf     = deployment{ID: ourDeployment, Status: "PRIMARY", TaskDefinition: stackRevision, Desired: 2, Running: 1, Pending: 1, RolloutState: "IN_PROGRESS"}
	ourComplete = deployment{ID: ourDeployment, Status: "PRIMARY", TaskDefinition: stackRevision, Desired: 2, Running: 2, RolloutState: "COMPLETED"}
)

// with returns the deployment with some of its fields changed.
func (d deployment) with(change func(*deployment)) deployment {
	change(&d)
	return d
}

// service is the stack's service with these deployments, asking for desired tasks and running so many.
func service(desired, running int, deployments ...deployment) object {
	return object{
		"serviceName":   serviceName,
		"status":        "ACTIVE",
		"desiredCount":  desired,
		"runningCount":  running,
		"deployments":   deployments,
		"loadBalancers": []object{{"targetGroupArn": targetGroup, "containerName": "mediaserver", "containerPort": 3000}},
		"events": []object{
			{"id": "2", "createdAt": 1700000060.123, "message": "(service mediaserver-service) deployment failed: tasks failed to start."},
			{"id": "1", "createdAt": 1700000000.5, "message": "(service mediaserver-service) has started 2 tasks."},
		},
	}
}

// described is the answer of describe-services, updated that of update-service.
func described(s object) answer { return says(object{"services": []object{s}, "failures": []object{}}) }
func updated(s object) answer   { return says(object{"service": s}) }

func outputs() object {
	return object{
		"albDnsName":           "mediaserver-alb-1.eu-west-2.elb.amazonaws.com",
		"appUrl":               "http://mediaserver-alb-1.eu-west-2.elb.amazonaws.com",
		"bucketName":           "mediaserver-storage-abc12345",
		"ecrRepositoryUrl":     repository,
		"ecsClusterName":       cluster,
		"ecsServiceName":       serviceName,
		"taskDefinitionArn":    stackRevision,
		"taskDefinitionFamily": "mediaserver",
		"containerName":        "mediaserver",
		"containerPort":        3000,
		"logGroupName":         "/ecs/mediaserver",
		"appLogGroupName":      "/aws/ecs/mediaserver/app",
		"dashboardName":        "mediaserver-dashboard",
		"dashboardUrl":         "https://eu-west-2.console.aws.amazon.com/cloudwatch/home?region=eu-west-2#dashboards/dashboard/mediaserver-dashboard",
		"region":               region,
		"jwtSecretParameter":   "/mediaserver/jwt-secret",
		"appConfigParameter":   "/mediaserver/app-config",
		"bucketNameParameter":  "/mediaserver/s3-bucket-name",
	}
}

// taskDefinition is the stack's, as describe-task-definition answers it, read-only fields included.
func taskDefinition() object {
	return object{
		"taskDefinition": object{
			"taskDefinitionArn":       stackRevision,
			"family":                  "mediaserver",
			"revision":                7,
			"status":                  "ACTIVE",
			"requiresAttributes":      []object{{"name": "com.amazonaws.ecs.capability.docker-remote-api.1.18"}},
			"compatibilities":         []string{"EC2", "FARGATE"},
			"requiresCompatibilities": []string{"FARGATE"},
			"registeredAt":            1700000000.5,
			"registeredBy":            "arn:aws:iam::123456789012:user/somebody",
			"networkMode":             "awsvpc",
			"cpu":                     "256",
			"memory":                  "512",
			"containerDefinitions": []object{
				{"name": "sidecar", "image": "public.ecr.aws/sidecar:1", "essential": false},
				{
					"name": "mediaserver", "image": repository + ":latest", "essential": true,
					"secrets": []object{{"name": "JWT_SECRET", "valueFrom": secretARN}},
				},
			},
		},
		"tags": []object{{"key": "Project", "value": "mediaserver"}},
	}
}

func found(digest string) answer {
	return says(object{"imageDetails": []object{{"imageDigest": digest, "imageTags": []string{"latest"}}}})
}

// manifest is batch-get-image's answer for an image with this manifest.
func manifest(of object) answer {
	return says(object{"images": []object{{"imageManifest": says(of).stdout}}, "failures": []object{}})
}

const configDigest = "sha256:cccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccc"

// onePlatform is the manifest of an image for a single platform, which is in its configuration.
var onePlatform = object{
	"schemaVersion": 2,
	"mediaType":     "application/vnd.docker.distribution.manifest.v2+json",
	"config":        object{"mediaType": "application/vnd.docker.container.image.v1+json", "digest": configDigest},
}

// index is the image index of an image for several platforms, written as os/architecture,
// with the attestation that docker adds to each.
func index(platforms ...string) object {
	var manifests []object
	for _, each := range platforms {
		system, architecture, _ := strings.Cut(each, "/")
		manifests = append(manifests,
			object{"digest": imageDigest, "platform": object{"os": system, "architecture": architecture}},
			object{"digest": imageDigest, "platform": object{"os": "unknown", "architecture": "unknown"}})
	}
	return object{"schemaVersion": 2, "mediaType": "application/vnd.oci.image.index.v1+json", "manifests": manifests}
}

func notFound() answer {
	return refuses("ImageNotFoundException", "The image requested does not exist")
}

// happy is a stack whose service runs an earlier deployment, and whose next one succeeds.
func happy() stage {
	return stage{
		"pulumi": {says(outputs())},
		"aws_ecs_describe-services": {
			described(service(2, 2, oldComplete)),
			described(service(2, 2, oldComplete)),
			described(service(2, 2, ourStart, oldActive)),
			described(service(2, 3, ourHalf, oldActive)),
			described(service(2, 2, ourComplete)),
		},
		"aws_ecs_update-service":             {updated(service(2, 2, ourStart, oldActive))},
		"aws_ecs_describe-task-definition":   {says(taskDefinition())},
		"aws_ecs_register-task-definition":   {says(object{"taskDefinition": object{"taskDefinitionArn": newRevision}})},
		"aws_ecs_list-tasks":                 {says(object{"taskArns": []string{}})},
		"aws_elbv2_describe-target-groups":   {says(object{"TargetGroups": []object{{"TargetGroupArn": targetGroup, "HealthCheckPath": "/health"}}})},
		"aws_elbv2_describe-target-health":   {says(object{"TargetHealthDescriptions": []object{}})},
		"aws_ecr_get-login-password":         {says(registrySecret + "\n")},
		"aws_ecr_describe-images":            {found(imageDigest)},
		"aws_ecr_batch-get-image":            {manifest(onePlatform)},
		"aws_ecr_get-download-url-for-layer": {says(object{"downloadUrl": layerAddress, "layerDigest": configDigest})},
		"curl_config":                        {says(object{"os": "linux", "architecture": "amd64"})},
		"docker_image":                       {says("linux/amd64\n")},
		"docker_login":                       {says("Login Succeeded\n")},
		"docker_tag":                         {says("")},
		"docker_push":                        {says("latest: digest: " + imageDigest + " size: 1234\n")},
		"curl":                               {says("200")},
	}
}

// but returns the stage with the answers of one kind of call replaced.
func (s stage) but(kind string, answers ...answer) stage {
	changed := maps.Clone(s)
	changed[kind] = answers
	return changed
}

// following returns the happy stage in which the service looks like this once the deployment has begun.
func (s stage) following(services ...object) stage {
	answers := slices.Clone(happy()["aws_ecs_describe-services"][:2])
	for _, each := range services {
		answers = append(answers, described(each))
	}
	return s.but("aws_ecs_describe-services", answers...)
}

// stoppedTasks makes the stage answer with these tasks as the service's stopped ones.
func (s stage) stoppedTasks(tasks ...object) stage {
	arns := []string{}
	for _, task := range tasks {
		arns = append(arns, task["taskArn"].(string))
	}
	return s.but("aws_ecs_list-tasks", says(object{"taskArns": arns})).
		but("aws_ecs_describe-tasks", says(object{"tasks": tasks}))
}

// deploy runs the script the usual way: outputs from the stack, no pause between two looks.
func deploy(t *testing.T, play stage, arguments ...string) performance {
	t.Helper()
	return perform(t, play, options{}, append([]string{"--image", "app:built", "--poll", "0"}, arguments...)...)
}
