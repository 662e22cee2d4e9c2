package main

import (
	"strings"
	"testing"
)

func TestOnlyWebTrafficReachesTheLoadBalancer(t *testing.T) {
	run(t, nil).wantInputs(t, "SecurityGroup alb", object{
		"name":        "mediaserver-alb",
		"description": "Load balancer of the media server",
		"vpcId":       "vpc-1",
		"ingress": list{
			object{
				"description": "HTTP from anywhere", "protocol": "tcp", "fromPort": 80, "toPort": 80,
				"cidrBlocks": list{"0.0.0.0/0"},
			},
			object{
				"description": "HTTPS from anywhere", "protocol": "tcp", "fromPort": 443, "toPort": 443,
				"cidrBlocks": list{"0.0.0.0/0"},
			},
		},
		"egress": allOutgoingTraffic,
	})
}

var allOutgoingTraffic = list{object{
	"description": "All outgoing traffic", "protocol": "-1", "fromPort": 0, "toPort": 0,
	"cidrBlocks": list{"0.0.0.0/0"},
}}

func TestTasksAcceptTrafficOnlyFromTheLoadBalancer(t *testing.T) {
	for _, port := range []int{3000, 8080} {
		settings := map[string]string{}
		if port != 3000 {
			settings["appPort"] = "8080"
		}
		run(t, settings).wantInputs(t, "SecurityGroup ecs-tasks", object{
			"name":        "mediaserver-ecs-tasks",
			"description": "ECS tasks of the media server",
			"vpcId":       "vpc-1",
			"ingress": list{object{
				"description": "Application port, from the load balancer only",
				"protocol":    "tcp", "fromPort": port, "toPort": port,
				"securityGroups": list{"sg-alb"},
			}},
			"egress": allOutgoingTraffic,
		})
	}
}

func TestTheLoadBalancerIsPublicAndInEveryZone(t *testing.T) {
	run(t, nil).wantInputs(t, "LoadBalancer mediaserver", object{
		"name":                    "mediaserver-alb",
		"loadBalancerType":        "application",
		"internal":                false,
		"subnets":                 list{"subnet-a", "subnet-b", "subnet-c"},
		"securityGroups":          list{"sg-alb"},
		"dropInvalidHeaderFields": true,
	})
}

func TestTheLoadBalancerWritesItsAccessLogsWhereTheSettingSays(t *testing.T) {
	stack := run(t, map[string]string{"accessLogsBucket": testLogsBucket, "name": "films"})
	wantEqual(t, "access logs", stack.find(t, "LoadBalancer mediaserver").inputs["accessLogs"],
		object{"enabled": true, "bucket": testLogsBucket, "prefix": "films"})
}

func TestTheTargetGroupChecksTheHealthOfTheTasks(t *testing.T) {
	stack := run(t, map[string]string{"healthCheckPath": "/ready", "appPort": "8080"})
	stack.wantInputs(t, "TargetGroup mediaserver", targetGroupInputs("/ready", 8080))
	run(t, nil).wantInputs(t, "TargetGroup mediaserver", targetGroupInputs("/health", 3000))
}

func targetGroupInputs(path string, port int) object {
	return object{
		"name":                "mediaserver-tg",
		"targetType":          "ip",
		"protocol":            "HTTP",
		"port":                port,
		"vpcId":               "vpc-1",
		"deregistrationDelay": 30,
		"healthCheck": object{
			"enabled": true, "protocol": "HTTP", "port": "traffic-port", "path": path, "matcher": "200",
			"interval": 30, "timeout": 5, "healthyThreshold": 2, "unhealthyThreshold": 2,
		},
	}
}

// wantRefusal asserts that a run failed with a message that has every part, and
// that it registered nothing.
func wantRefusal(t *testing.T, r *recorder, err error, parts ...string) {
	t.Helper()
	if err == nil {
		t.Fatalf("the run succeeded, want an error with %q", parts)
	}
	for _, part := range parts {
		if !strings.Contains(err.Error(), part) {
			t.Errorf("the error lacks %q:\n%v", part, err)
		}
	}
	if len(r.records) > 0 {
		t.Errorf("%d resources were registered before the error", len(r.records))
	}
}
