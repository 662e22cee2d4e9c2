package adopt

import (
	"fmt"
	"os"
	"strings"
	"testing"

	"mediaserver/tools/adopt/tfstate"
)

func alarm(name, threshold string) [2]string {
	return [2]string{"aws_cloudwatch_metric_alarm." + name, `{"alarm_name":"films-` + strings.ReplaceAll(name, "_", "-") + `","threshold":` + threshold + `}`}
}

func TestAlarmsWithThresholdsThatTheProgramRefusesAreRefused(t *testing.T) {
	for want, instances := range map[string][][2]string{
		"aws_cloudwatch_metric_alarm.high_cpu: its threshold is 100, and the setting scaleUpCpu takes 1 to 99":                  {alarm("high_cpu", "100")},
		"aws_cloudwatch_metric_alarm.high_cpu: its threshold is 0, and the setting scaleUpCpu takes 1 to 99":                    {alarm("high_cpu", "0")},
		"aws_cloudwatch_metric_alarm.low_cpu: its threshold is 0, and the setting scaleDownCpu takes 1 to 98":                   {alarm("low_cpu", "0")},
		"aws_cloudwatch_metric_alarm.low_cpu: its threshold is 99, and the setting scaleDownCpu takes 1 to 98":                  {alarm("low_cpu", "99")},
		"aws_cloudwatch_metric_alarm.low_cpu: its threshold is 60, and scaleDownCpu must be below scaleUpCpu, which is 50":      {alarm("low_cpu", "60"), alarm("high_cpu", "50")},
		"aws_cloudwatch_metric_alarm.low_cpu: its threshold is 70, and scaleDownCpu must be below scaleUpCpu, which is 70: the": {alarm("low_cpu", "70"), alarm("high_cpu", "72.5")},
	} {
		_, err := Read(least(t, instances...), Options{Project: project(t)})
		if err == nil || !strings.HasPrefix(err.Error(), want) || strings.Contains(err.Error(), "\n") {
			t.Errorf("%v\nwant\n%s", err, want)
		}
	}
	for _, accepted := range [][][2]string{{alarm("high_cpu", "99"), alarm("low_cpu", "98")}, {alarm("high_cpu", "2"), alarm("low_cpu", "1")}, {alarm("low_cpu", "69")}} {
		if _, err := Read(least(t, accepted...), Options{Project: project(t)}); err != nil {
			t.Errorf("%v: %v", accepted, err)
		}
	}
}

func TestTheBoundsOfThresholdsAreTheProgramsOwn(t *testing.T) {
	text, err := os.ReadFile("../../config.go")
	if err != nil {
		t.Fatal(err)
	}
	for _, each := range thresholds {
		_, row, _ := strings.Cut(string(text), fmt.Sprintf("row(%q,", each.setting))
		row, _, _ = strings.Cut(row, "row(")
		if want := fmt.Sprintf("between(1, %d,", each.most); !strings.Contains(row, want) {
			t.Errorf("config.go does not say %s of %s", want, each.setting)
		}
	}
}

// indexed adds a resource whose index has an apostrophe to a state.
func indexed(t *testing.T, state tfstate.State, kind, name, attributes string) tfstate.State {
	t.Helper()
	further := stateOf(t, fmt.Sprintf(`{"mode":"managed","type":%q,"name":%q,"instances":[{"index_key":"it's","attributes":%s}]}`, kind, name, attributes))
	state.Managed = append(state.Managed, further.Managed...)
	return state
}

func TestAMappingThatAMessageProposesCanBeCopiedWhateverTheAddress(t *testing.T) {
	several := indexed(t, least(t), "aws_ecs_cluster", "main", "{}")
	several = indexed(t, several, "aws_ecs_cluster", "main", "{}")
	for _, each := range []struct {
		state    tfstate.State
		mappings []Mapping
		want     string
	}{
		{several, nil, `choose one with --map 'aws_ecs_cluster.main["it'\''s"]=main'`},
		{indexed(t, least(t, balancer), "aws_lb_listener", "tls", `{"arn":"a","load_balancer_arn":"`+balancerARN+`","port":443,"protocol":"HTTPS","certificate_arn":"`+certificate+`","default_action":[{"type":"fixed-response"}]}`), nil,
			`or leave it there with --map 'aws_lb_listener.tls["it'\''s"]=-' if port 80 forwards`},
		{indexed(t, least(t), "aws_appautoscaling_policy", "scale_up", `{"policy_type":"TargetTrackingScaling","service_namespace":"ecs","resource_id":"r","scalable_dimension":"d","name":"n"}`), nil,
			`Leave it to Terraform with --map 'aws_appautoscaling_policy.scale_up["it'\''s"]=-'`},
		{least(t), []Mapping{{`aws_lb.x["it's"]`, "mediaserver"}}, `--map 'aws_lb.x["it'\''s"]=mediaserver': the state has no such address`},
	} {
		_, err := Read(each.state, Options{Project: project(t), Mappings: each.mappings})
		if err == nil || !strings.Contains(err.Error(), each.want) {
			t.Errorf("%v\nwant\n%s", err, each.want)
		}
	}
	adopted := adopt(t, indexed(t, least(t), "aws_ecs_cluster", "films", "{}"))
	if want := `--map 'aws_ecs_cluster.films["it'\''s"]=main'`; len(adopted.Unknown) != 1 || adopted.Unknown[0].Suggestion != want {
		t.Errorf("unknown are %v, want the suggestion %s", adopted.Unknown, want)
	}
}

func TestAListenerThatIsNotPlainIsNotProposedInItsOwnPlace(t *testing.T) {
	tls := listener(80, `{"type":"forward"}`)
	tls[1] = strings.Replace(tls[1], `"protocol":"HTTP"`, `"protocol":"HTTPS"`, 1)
	_, err := Read(least(t, balancer, tls), Options{Project: project(t)})
	if want := "name that one with --map 'ADDRESS=mediaserver'"; err == nil || !strings.Contains(err.Error(), want) {
		t.Errorf("%v, want %s", err, want)
	}
}

func TestWhatNoComparisonShowsIsRefused(t *testing.T) {
	bucket := func(attributes string) [2]string {
		return [2]string{bucketAddress, `{"bucket":"films-storage-0a1b2c","region":"eu-west-1","arn":"arn:aws:s3:::b",` + attributes + `}`}
	}
	secret := [2]string{jwtParameter, `{"name":"/films/jwt-secret","value":"hush","arn":"arn:aws:ssm:eu-west-1:111122223333:parameter/films/jwt-secret"}`}
	for want, instances := range map[string][][2]string{
		"a stack is in one region, but aws_s3_bucket.media_storage is in eu-west-1, aws_lb.mediaserver is in us-east-1": {bucket(`"a":""`), secret,
			{"aws_lb.mediaserver", `{"name":"films-alb","arn":"arn:aws:elasticloadbalancing:us-east-1:111122223333:loadbalancer/x"}`}},
		"adopt one of them, and leave the others to Terraform: --map aws_ssm_parameter.jwt_secret=- or --map aws_ecs_cluster.main=-": {bucket(`"a":""`), secret,
			{"aws_ecs_cluster.main", `{"name":"films-cluster","arn":"arn:aws:ecs:eu-west-1:999999999999:cluster/x"}`}},
		"it sets lifecycle_rule itself, as with version 3":             {bucket(`"lifecycle_rule":[{"enabled":true}]`), secret},
		"it sets cors_rule itself":                                     {bucket(`"cors_rule":[{}]`), secret},
		"it sets versioning itself":                                    {bucket(`"versioning":[{"enabled":true}]`), secret},
		"move that into a resource aws_s3_bucket_logging, which stays": {bucket(`"logging":[{"target_bucket":"b"}]`), secret},
		"it sets server_side_encryption_configuration itself": {secret, bucket(
			`"server_side_encryption_configuration":[{"rule":[{"apply_server_side_encryption_by_default":[{"sse_algorithm":"aws:kms"}]}]}]`)},
		"it is not in the state, and the stack would get a new, empty bucket":              {secret},
		"the JWT secret is not in the state, and a new one would make every token invalid": {bucket(`"a":""`)},
		"aws_lb_target_group.mediaserver: it is in the VPC vpc-2, but others are in vpc-1": {bucket(`"a":""`), secret,
			{"aws_security_group.alb", `{"id":"sg-1","name":"films-alb","vpc_id":"vpc-1"}`},
			{"aws_lb_target_group.mediaserver", `{"name":"films-tg","arn":"` + group + `","vpc_id":"vpc-2"}`}},
		"no ARN in the state says in which account": {bucket(`"a":""`), {jwtParameter, `{"name":"/films/jwt-secret","value":"hush"}`}},
	} {
		_, err := Read(state(t, instances...), Options{Project: project(t)})
		if err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "hush") {
			t.Errorf("%v\nwant\n%s", err, want)
		}
	}
}
