package adopt

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"
	"testing"
)

const group = "arn:aws:elasticloadbalancing:eu-west-1:111122223333:targetgroup/films-tg/1"

// The parts of a deployment that runs an application, as the program would make them, as far as matters here.
var (
	targets = [2]string{"aws_lb_target_group.mediaserver", `{"name":"films-tg","arn":"` + group + `","target_type":"ip","protocol":"HTTP",
		"health_check":[{"path":"/health","matcher":"200","interval":30,"timeout":5,"healthy_threshold":2,"unhealthy_threshold":2}]}`}
	repository = [2]string{"aws_ecr_repository.mediaserver", `{"name":"films","repository_url":"1.dkr/films"}`}
	service    = [2]string{"aws_ecs_service.mediaserver", `{"name":"films-service","cluster":"c/films","task_definition":"arn:aws:ecs:eu-west-1:111122223333:task-definition/films:4",
		"launch_type":"FARGATE","enable_execute_command":true,"load_balancer":[{"target_group_arn":"` + group + `","container_name":"films","container_port":3000}]}`}
)

// container is the application's container with more JSON.
func container(more string) string {
	return `{"name":"films","image":"1.dkr/films:v42","essential":true,"portMappings":[{"containerPort":3000}],
		"environment":[{"name":"NODE_ENV","value":"production"}],"secrets":[{"name":"JWT_SECRET","valueFrom":"/films/jwt-secret"}]` + more + `}`
}

// definition is a task definition with containers and more attributes.
func definition(t *testing.T, more string, containers ...string) [2]string {
	t.Helper()
	encoded, err := json.Marshal("[" + strings.Join(containers, ",") + "]")
	if err != nil {
		t.Fatal(err)
	}
	return [2]string{taskDefinition, `{"family":"films","arn":"arn:aws:ecs:eu-west-1:111122223333:task-definition/films:4","cpu":"256","memory":"512",
		"container_definitions":` + string(encoded) + more + `}`}
}

// changed is an instance with other attributes, as JSON.
func changed(t *testing.T, instance [2]string, attributes string) [2]string {
	t.Helper()
	var all, others map[string]any
	for text, into := range map[string]*map[string]any{instance[1]: &all, "{" + attributes + "}": &others} {
		if err := json.Unmarshal([]byte(text), into); err != nil {
			t.Fatal(err)
		}
	}
	maps.Copy(all, others)
	encoded, err := json.Marshal(all)
	if err != nil {
		t.Fatal(err)
	}
	return [2]string{instance[0], string(encoded)}
}

// Each refusal names the option that accepts it, and with that the deployment is adopted.
func TestWhatWouldBreakTheApplicationIsRefusedUntilItIsAccepted(t *testing.T) {
	check := func(values string) [2]string {
		return changed(t, targets, `"health_check":[{`+values+`}]`)
	}
	balancing := func(values string) [2]string { return changed(t, balancer, values) }
	rules := func(rules string) [2]string {
		return [2]string{"aws_security_group.alb", `{"id":"sg-alb","name":"films-alb","ingress":[` + rules + `]}`}
	}
	const web = `{"protocol":"tcp","from_port":80,"to_port":80,"cidr_blocks":["0.0.0.0/0"]}`
	for want, instances := range map[string][][2]string{
		"health_check.matcher: 200-399 → 200: every task that answers otherwise becomes unhealthy": {check(`"matcher":"200-399"`)},
		"health_check.timeout: 20 → 5":                                {check(`"timeout":20`)},
		"health_check.port: 9000 → traffic-port":                      {check(`"port":"9000"`)},
		"idle_timeout: 300 → 60: requests that are silent for longer": {balancing(`"idle_timeout":300`)},
		"ingress: tcp 8443 from 10.0.0.0/8 is removed: whoever comes in by it is locked out: allowedCidrBlocks takes IPv4 networks": {rules(web + `,{"protocol":"tcp","from_port":8443,"to_port":8443,"cidr_blocks":["10.0.0.0/8"]}`)},
		"ingress: tcp 22-23 from itself is removed":                               {rules(web + `,{"protocol":"tcp","from_port":22,"to_port":23,"self":true}`)},
		"ingress: tcp 80 from ::/0 is removed":                                    {balancing(`"ip_address_type":"dualstack"`), rules(`{"protocol":"tcp","from_port":80,"to_port":80,"ipv6_cidr_blocks":["::/0"]}`)},
		"ingress: tcp 8080 from sg-9 is removed":                                  {rules(web), {"aws_security_group_rule.more", `{"security_group_id":"sg-alb","type":"ingress","protocol":"tcp","from_port":8080,"to_port":8080,"source_security_group_id":"sg-9"}`}},
		"ingress: udp 53 from 10.0.0.0/8 is removed":                              {rules(web), {"aws_vpc_security_group_ingress_rule.more", `{"security_group_id":"sg-alb","ip_protocol":"udp","from_port":53,"to_port":53,"cidr_ipv4":"10.0.0.0/8"}`}},
		"container.command: is removed: the application runs without it":          {definition(t, "", container(`,"command":["serve"]`))},
		"container.entryPoint: is removed":                                        {definition(t, "", container(`,"entryPoint":["/bin/app"]`))},
		"container.user: is removed":                                              {definition(t, "", container(`,"user":"1000"`))},
		"container.somethingNew: is removed":                                      {definition(t, "", container(`,"somethingNew":7`))},
		"container.linuxParameters.tmpfs: is removed":                             {definition(t, "", container(`,"linuxParameters":{"initProcessEnabled":true,"tmpfs":[{"containerPath":"/tmp","size":1}]}`))},
		"container.mountPoints: is removed":                                       {definition(t, "", container(`,"mountPoints":[{"sourceVolume":"v","containerPath":"/v"},{"sourceVolume":"w","containerPath":"/w"}]`))},
		"container.portMappings: containerPort 9090, hostPort 9090, protocol tcp": {definition(t, "", strings.Replace(container(""), `{"containerPort":3000}`, `{"containerPort":3000},{"containerPort":9090}`, 1))},
		"container.environment.AWS_SECRET_ACCESS_KEY: is removed: the application runs without it: environment takes": {definition(t, "", strings.Replace(container(""), `"environment":[`, `"environment":[{"name":"AWS_SECRET_ACCESS_KEY","value":"hush-hush"},`, 1))},
		"container.environment.spring.name: is removed":                                                               {definition(t, "", strings.Replace(container(""), `"environment":[`, `"environment":[{"name":"spring.name","value":"hush-hush"},`, 1))},
		"container.environment.PORT: 8080 → 3000":                                                                     {definition(t, "", strings.Replace(container(""), `"environment":[`, `"environment":[{"name":"PORT","value":"8080"},`, 1))},
		"container.secrets.API_KEY: is removed: the application runs without it: secrets takes":                       {definition(t, "", strings.Replace(container(""), `"secrets":[`, `"secrets":[{"name":"API_KEY","valueFrom":"arn:x"},`, 1))},
		"container.secrets.JWT_SECRET: arn:other → arn:aws:ssm":                                                       {definition(t, "", strings.Replace(container(""), "/films/jwt-secret", "arn:other", 1))},
		"other_containers: proxy is removed":                                                                          {service, definition(t, "", `{"name":"proxy"}`, container(""))},
		"volume: name films is removed":                                                                               {definition(t, `,"volume":[{"name":"films","host_path":""}]`, container(""))},
		"ephemeral_storage: is removed: tasks that need more":                                                         {definition(t, `,"ephemeral_storage":[{"size_in_gib":100}]`, container(""))},
		"pid_mode: is removed":                                                                                        {definition(t, `,"pid_mode":"task"`, container(""))},
		"health_check_grace_period_seconds: 7200 → 3600":                                                              {changed(t, service, `"health_check_grace_period_seconds":7200`)},
		"load_balancer: container_port 9090, target_group_arn arn:metrics is removed":                                 {changed(t, service, `"load_balancer":[{"target_group_arn":"arn:metrics","container_name":"films","container_port":9090},{"target_group_arn":"`+group+`","container_name":"films","container_port":3000}]`)},
		"service_registries: is removed":                                                                              {changed(t, service, `"service_registries":[{"registry_arn":"arn:x"}]`)},
		"actions.ses:SendEmail: is removed":                                                                           {{"aws_iam_role_policy.ecs_task_s3_policy", `{"name":"films-ecs-task-s3-policy","role":"r","policy":"{\"Statement\":{\"Effect\":\"Allow\",\"Action\":\"ses:SendEmail\"}}"}`}},
		"block_public_acls: false → true":                                                                             {{"aws_s3_bucket_public_access_block.media_storage", `{"bucket":"films-storage-0a1b2c","block_public_acls":false}`}},
		"cors_rule: there are 2":                                                                                      {{"aws_s3_bucket_cors_configuration.media_storage", `{"bucket":"films-storage-0a1b2c","cors_rule":[{"allowed_origins":["*"]},{}]}`}},
		"cors_rule.expose_headers: x-amz-meta-a is removed":                                                           {{"aws_s3_bucket_cors_configuration.media_storage", `{"bucket":"films-storage-0a1b2c","cors_rule":[{"expose_headers":["x-amz-meta-a","ETag"]}]}`}},
		"capacity_providers: gpu is removed":                                                                          {{"aws_ecs_cluster_capacity_providers.main", `{"cluster_name":"films","capacity_providers":["FARGATE","gpu"]}`}},
		"config.FEATURE: is removed":                                                                                  {{"aws_ssm_parameter.app_config", `{"name":"/films/app-config","value":"{\"FEATURE\":1}"}`}},
		"default_action: there are 2, and the program has one: the program only forwards":                             {balancer, listener(80, `{"type":"authenticate-oidc"},{"type":"forward"}`)},
		"default_action.forward: is removed":                                                                          {balancer, listener(80, `{"type":"forward","forward":[{"target_group":[{"arn":"a","weight":1},{"arn":"b","weight":1}]}]}`)},
		"sse_algorithm: aws:kms → AES256: new files would be protected less, and leaving the resource to Terraform does not help": {
			{"aws_s3_bucket_server_side_encryption_configuration.media_storage", `{"bucket":"films-storage-0a1b2c","rule":[{"apply_server_side_encryption_by_default":[{"sse_algorithm":"aws:kms"}]}]}`}},
	} {
		t.Run(want, func(t *testing.T) {
			deployed := instances
			for _, further := range [][2]string{repository, targets, service} {
				if !slices.ContainsFunc(deployed, func(each [2]string) bool { return each[0] == further[0] }) {
					deployed = append(deployed, further)
				}
			}
			_, err := Read(least(t, deployed...), Options{Project: project(t)})
			if err == nil || !strings.Contains(err.Error(), want) {
				t.Fatalf("%v\nwant %s", err, want)
			}
			if strings.Contains(err.Error(), "hush-hush") || strings.Contains(err.Error(), "\n") {
				t.Errorf("it tells a value, or more than one thing: %v", err)
			}
			_, option, _ := strings.Cut(err.Error(), "(--accept ")
			accepted := strings.Trim(strings.TrimSuffix(option, ")"), "'")
			adopted, err := Read(least(t, deployed...), Options{Project: project(t), Accepted: []string{accepted}})
			if err != nil {
				t.Fatalf("with --accept %s: %v", accepted, err)
			}
			if report := reportOf(t, adopted); !strings.Contains(report, " (accepted)\n") || strings.Contains(report, "hush-hush") {
				t.Errorf("it does not tell what was accepted, or tells a secret:\n%s", report)
			}
		})
	}
}

func TestWhatCannotChangeIsRefusedWhateverIsAccepted(t *testing.T) {
	for attribute, instance := range map[string][2]string{
		"aws_lb.mediaserver:load_balancer_type":                   changed(t, balancer, `"load_balancer_type":"network"`),
		"aws_lb_target_group.mediaserver:target_type":             changed(t, targets, `"target_type":"instance"`),
		"aws_lb_target_group.mediaserver:protocol":                changed(t, targets, `"protocol":"TLS"`),
		"aws_ecs_service.mediaserver:launch_type":                 changed(t, service, `"launch_type":"EC2"`),
		"aws_ecs_service.mediaserver:deployment_controller.type":  changed(t, service, `"deployment_controller":[{"type":"CODE_DEPLOY"}]`),
		"aws_appautoscaling_policy.scale_up:policy_type":          {"aws_appautoscaling_policy.scale_up", `{"name":"n","service_namespace":"ecs","resource_id":"r","scalable_dimension":"d","policy_type":"TargetTrackingScaling"}`},
		"aws_s3_bucket_versioning.media_storage:missing.anything": repository,
	} {
		_, err := Read(least(t, instance), Options{Project: project(t), Accepted: []string{attribute}})
		if want := "--accept " + attribute + ": nothing is refused there that could be accepted"; err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want %s", err, want)
		}
		if strings.Contains(err.Error(), "(--accept") {
			t.Errorf("it proposes to accept it: %v", err)
		}
	}
}

func TestHarmlessChangesAreTold(t *testing.T) {
	report := reportOf(t, adopt(t, least(t, repository, service,
		changed(t, targets, `"deregistration_delay":"300","health_check":[{"timeout":2,"matcher":"200"}]`),
		changed(t, balancer, `"idle_timeout":60,"drop_invalid_header_fields":false,"client_keep_alive":3600,"something_new":"on","connection_logs":[{"enabled":true,"bucket":"logs"}]`),
		definition(t, "", container(`,"cpu":0,"mountPoints":[],"healthCheck":{"command":["CMD-SHELL","curl -f http://localhost:3000/health || exit 1"]}`)),
		[2]string{"aws_security_group.alb", `{"id":"sg-alb","name":"films-alb","description":"d","ingress":[
			{"protocol":"tcp","from_port":443,"to_port":443,"cidr_blocks":["0.0.0.0/0"],"ipv6_cidr_blocks":["::/0"]}]}`},
		[2]string{"aws_s3_bucket_cors_configuration.media_storage", `{"bucket":"films-storage-0a1b2c","cors_rule":[{"allowed_origins":["*"]}]}`},
		[2]string{"aws_iam_role_policy.ecs_task_cloudwatch_policy", `{"name":"films-ecs-task-cloudwatch-policy","role":"r","policy":"{\"Statement\":[{\"Effect\":\"Allow\",\"Action\":[\"logs:CreateLogGroup\",\"logs:PutLogEvents\"]}]}"}`},
	)))
	_, told, _ := strings.Cut(report, "The first update changes in place:\n")
	told, _, _ = strings.Cut(told, "\n\n")
	var lines []string
	for line := range strings.Lines(told) {
		lines = append(lines, strings.TrimSpace(line))
	}
	for _, want := range []string{
		"aws_lb_target_group.mediaserver: deregistration_delay: 300 → 30",
		"aws_lb_target_group.mediaserver: health_check.timeout: 2 → 5",
		"aws_lb.mediaserver: drop_invalid_header_fields: false → true",
		"aws_lb.mediaserver: something_new: this tool does not know it; `pulumi preview` shows what happens to it",
		"aws_security_group.alb: ingress: tcp 80 from 0.0.0.0/0 is added",
		"aws_lb.mediaserver: connection_logs.enabled: true → false",
		"aws_s3_bucket_cors_configuration.media_storage: cors_rule.expose_headers: ETag, Content-Range, Accept-Ranges, Content-Length is added",
		"aws_security_group.alb: ipv6: becomes: none",
		"aws_security_group.alb: rule_descriptions: becomes: what each rule is for",
		"aws_iam_role_policy.ecs_task_cloudwatch_policy: actions.logs:CreateLogGroup: true → false",
		"aws_iam_role_policy.ecs_task_cloudwatch_policy: actions.logs:CreateLogStream: is added",
		"aws_ecs_task_definition.mediaserver: container.environment.PORT: not set → 3000",
		"aws_ecs_task_definition.mediaserver: container.linuxParameters.initProcessEnabled: is added",
		"aws_lb_target_group.mediaserver: health_check.path: not set → /health",
	} {
		if !slices.Contains(lines, want) {
			t.Errorf("it does not tell %q:\n%s", want, told)
		}
	}
	for _, line := range lines {
		for _, same := range []string{"idle_timeout", "client_keep_alive", "matcher", ": description", "container.cpu", "container.healthCheck", "JWT_SECRET", "tcp 443"} {
			if strings.Contains(line, same) {
				t.Errorf("it tells what does not change: %s", line)
			}
		}
	}
}

func TestTheTableIsConsistent(t *testing.T) {
	seen := map[string]bool{}
	for _, each := range stack {
		c := comparison{rules: map[string]rule{}}
		c.add("", states, each.States)
		c.add("", states, each.WithoutHTTPS)
		c.add("", changes, each.Changes)
		c.add("", changes, each.WithHTTPS)
		for path := range each.Accepts {
			c.rules[path] = rule{verb: accepts}
		}
		for _, path := range slices.Concat(each.Fixed, slices.Collect(maps.Keys(each.Why)), each.Closed) {
			if _, isListed := c.rules[path]; !isListed && !c.hasBelow(path) {
				t.Errorf("%s: nothing states %s", each.Address, path)
			}
		}
		for path, setting := range each.Takes {
			if _, isKnown := project(t).Settings[setting]; !isKnown {
				t.Errorf("%s: %s is taken over by %s, which is no setting", each.Address, path, setting)
			}
		}
		if seen[each.Key()] || seen[each.Address] {
			t.Errorf("%s stands there twice", each.Address)
		}
		seen[each.Key()], seen[each.Address] = true, true
	}
	if len(stack) != 38 {
		t.Errorf("the table has %d resources, want the 36 of the guide and two for HTTPS", len(stack))
	}
	for _, each := range stack {
		for _, parent := range each.Of {
			if !seen[parent] && !strings.HasPrefix(parent, ":") {
				t.Errorf("%s belongs to %s, which is not there", each.Address, parent)
			}
		}
	}
}
