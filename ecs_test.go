package main

import (
	"slices"
	"strconv"
	"testing"
)

func TestTheClusterRunsOnFargateWithContainerInsights(t *testing.T) {
	stack := run(t, nil)
	stack.wantInputs(t, "Cluster main", object{
		"name":     "mediaserver-cluster",
		"settings": list{object{"name": "containerInsights", "value": "enabled"}},
	})
	stack.wantInputs(t, "ClusterCapacityProviders main", object{
		"clusterName":       "mediaserver-cluster",
		"capacityProviders": list{"FARGATE", "FARGATE_SPOT"},
		"defaultCapacityProviderStrategies": list{
			object{"capacityProvider": "FARGATE", "weight": 100, "base": 1},
		},
	})
}

func TestContainerInsightsFollowTheSetting(t *testing.T) {
	for _, degree := range []string{"enabled", "enhanced", "disabled"} {
		stack := run(t, map[string]string{"containerInsights": degree})
		wantEqual(t, "settings", stack.find(t, "Cluster main").inputs["settings"], list{object{"name": "containerInsights", "value": degree}})
	}
}

// containerWanted is the container with default settings.
func containerWanted() object {
	return object{
		"name":      "mediaserver",
		"image":     "123456789012.dkr.ecr.eu-west-2.amazonaws.com/mediaserver:latest",
		"essential": true,
		"cpu":       0,
		"portMappings": list{
			object{"containerPort": 3000, "hostPort": 3000, "protocol": "tcp"},
		},
		"environment": list{
			object{"name": "AWS_REGION", "value": testRegion},
			object{"name": "NODE_ENV", "value": "production"},
			object{"name": "PORT", "value": "3000"},
			object{"name": "S3_BUCKET_NAME", "value": testBucket},
		},
		"secrets": list{
			object{"name": "JWT_SECRET", "valueFrom": jwtSecretParameterArn},
		},
		"mountPoints":     list{},
		"volumesFrom":     list{},
		"systemControls":  list{},
		"linuxParameters": object{"initProcessEnabled": true},
		"logConfiguration": object{
			"logDriver": "awslogs",
			"options": object{
				"awslogs-group": "/ecs/mediaserver", "awslogs-region": testRegion, "awslogs-stream-prefix": "ecs",
				"mode": "non-blocking", "max-buffer-size": "25m",
			},
		},
		"healthCheck": object{
			"command": list{
				"CMD", "curl", "--fail", "--silent", "--globoff", "http://localhost:3000/health",
			},
			"interval": 30, "timeout": 5, "retries": 3, "startPeriod": 60,
		},
	}
}

func TestATaskRunsTheImageWithItsConfigurationSecretsAndHealthCheck(t *testing.T) {
	run(t, nil).wantInputs(t, "TaskDefinition mediaserver", object{
		"family":                  "mediaserver",
		"requiresCompatibilities": list{"FARGATE"},
		"networkMode":             "awsvpc",
		"cpu":                     "256",
		"memory":                  "512",
		"runtimePlatform":         object{"operatingSystemFamily": "LINUX", "cpuArchitecture": "X86_64"},
		"executionRoleArn":        "arn:aws:iam::123456789012:role/mediaserver-ecs-task-execution-role",
		"taskRoleArn":             "arn:aws:iam::123456789012:role/mediaserver-ecs-task-role",
		"containerDefinitions":    jsonText{list{containerWanted()}},
		"skipDestroy":             true,
	})
}

func TestATaskFollowsTheSettings(t *testing.T) {
	stack := run(t, map[string]string{
		"imageTag": "v1.2.3", "appPort": "8080", "nodeEnv": "staging", "healthCheckPath": "/ready?deep=1&all=1",
		"cpu": "1024", "memory": "3072", "cpuArchitecture": "ARM64", "executeCommand": "false",
	})
	want := containerWanted()
	want["image"] = "123456789012.dkr.ecr.eu-west-2.amazonaws.com/mediaserver:v1.2.3"
	want["portMappings"] = list{object{"containerPort": 8080, "hostPort": 8080, "protocol": "tcp"}}
	environment := slices.Clone(want["environment"].(list))
	environment[1] = object{"name": "NODE_ENV", "value": "staging"}
	environment[2] = object{"name": "PORT", "value": "8080"}
	want["environment"] = environment
	delete(want, "linuxParameters")
	command := slices.Clone(want["healthCheck"].(object)["command"].(list))
	command[5] = "http://localhost:8080/ready?deep=1&all=1"
	want["healthCheck"].(object)["command"] = command

	inputs := stack.find(t, "TaskDefinition mediaserver").inputs
	wantEqual(t, "containers", inputs["containerDefinitions"], jsonText{list{want}})
	wantEqual(t, "cpu", inputs["cpu"], "1024")
	wantEqual(t, "memory", inputs["memory"], "3072")
	wantEqual(t, "platform", inputs["runtimePlatform"], object{"operatingSystemFamily": "LINUX", "cpuArchitecture": "ARM64"})
}

func TestTheContainersOwnCheckRunsWhatTheImageHas(t *testing.T) {
	for check, command := range map[string]list{
		"curl": {"CMD", "curl", "--fail", "--silent", "--globoff", "http://localhost:8080/ready"},
		"wget": {"CMD", "wget", "-q", "-O", "/dev/null", "http://127.0.0.1:8080/ready"},
		"none": nil,
	} {
		stack := run(t, map[string]string{"containerHealthCheck": check, "appPort": "8080", "healthCheckPath": "/ready"})
		text := stack.find(t, "TaskDefinition mediaserver").inputs["containerDefinitions"]
		got, checked := parseJSON(t, "containers", text).(list)[0].(object)["healthCheck"]
		if checked != (command != nil) {
			t.Errorf("with %s the container has the check %v", check, got)
		}
		if checked {
			wantEqual(t, check, got.(object)["command"], command)
		}
	}
}

func TestATaskMayTakeItsTimeToStart(t *testing.T) {
	for seconds, startPeriod := range map[string]int{"0": 0, "300": 300, "301": 300, "3600": 300} {
		stack := run(t, map[string]string{"startSeconds": seconds})
		want := containerWanted()
		want["healthCheck"].(object)["startPeriod"] = startPeriod
		wantEqual(t, "containers", stack.find(t, "TaskDefinition mediaserver").inputs["containerDefinitions"], jsonText{list{want}})
		gracePeriod, _ := strconv.Atoi(seconds)
		wantEqual(t, "grace period", stack.find(t, "Service mediaserver").inputs["healthCheckGracePeriodSeconds"], gracePeriod)
	}
}

func TestTheServiceKeepsTasksBehindTheLoadBalancer(t *testing.T) {
	run(t, nil).wantInputs(t, "Service mediaserver", serviceWanted(2, 3000, true))
}

func TestTheServiceFollowsTheSettings(t *testing.T) {
	run(t, map[string]string{"desiredCount": "4", "appPort": "8080", "executeCommand": "false"}).
		wantInputs(t, "Service mediaserver", serviceWanted(4, 8080, false))
	run(t, map[string]string{"desiredCount": "0", "minCapacity": "0"}).
		wantInputs(t, "Service mediaserver", serviceWanted(0, 3000, true))
}

func serviceWanted(desiredCount, port int, executeCommand bool) object {
	return object{
		"name":           "mediaserver-service",
		"cluster":        "arn:aws:ecs:eu-west-2:123456789012:cluster/1",
		"taskDefinition": "arn:aws:ecs:eu-west-2:123456789012:task-definition/mediaserver:1",
		"launchType":     "FARGATE",
		"desiredCount":   desiredCount,
		"networkConfiguration": object{
			"subnets":        list{"subnet-a", "subnet-b", "subnet-c"},
			"securityGroups": list{"sg-ecs-tasks"},
			"assignPublicIp": true,
		},
		"loadBalancers": list{object{
			"targetGroupArn": "arn:aws:elasticloadbalancing:eu-west-2:123456789012:targetgroup/tg/2",
			"containerName":  "mediaserver",
			"containerPort":  port,
		}},
		"healthCheckGracePeriodSeconds":   60,
		"deploymentMaximumPercent":        200,
		"deploymentMinimumHealthyPercent": 100,
		"availabilityZoneRebalancing":     "ENABLED",
		"deploymentCircuitBreaker":        object{"enable": true, "rollback": true},
		"enableExecuteCommand":            executeCommand,
		"propagateTags":                   "SERVICE",
	}
}
