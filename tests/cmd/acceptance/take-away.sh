# The rest deletes by name what Pulumi does not know of, and ignores what is not there.
quietly() { "$@" >/dev/null 2>&1 || true; }
scaled="--service-namespace ecs --scalable-dimension ecs:service:DesiredCount --resource-id service/$name-cluster/$name-service"
for policy in up down; do
  quietly aws application-autoscaling delete-scaling-policy --policy-name "$name-scale-$policy" $scaled
done
quietly aws application-autoscaling deregister-scalable-target $scaled
quietly aws cloudwatch delete-alarms --alarm-names "$name-high-cpu" "$name-low-cpu"
quietly aws cloudwatch delete-dashboards --dashboard-names "$name-dashboard"
quietly aws ecs delete-service --cluster "$name-cluster" --service "$name-service" --force
balancer=$(aws elbv2 describe-load-balancers --names "$name-alb" --query 'LoadBalancers[].LoadBalancerArn' --output text 2>/dev/null || true)
if [ -n "$balancer" ]; then
  quietly aws elbv2 delete-load-balancer --load-balancer-arn "$balancer"
  quietly aws elbv2 wait load-balancers-deleted --load-balancer-arns "$balancer"
fi
targets=$(aws elbv2 describe-target-groups --names "$name-tg" --query 'TargetGroups[].TargetGroupArn' --output text 2>/dev/null || true)
[ -z "$targets" ] || quietly aws elbv2 delete-target-group --target-group-arn "$targets"
quietly aws ecs wait services-inactive --cluster "$name-cluster" --services "$name-service"
quietly aws ecs delete-cluster --cluster "$name-cluster"
for status in ACTIVE INACTIVE; do
  for revision in $(aws ecs list-task-definitions --family-prefix "$name" --status $status --query 'taskDefinitionArns[]' --output text); do
    [ $status = INACTIVE ] || quietly aws ecs deregister-task-definition --task-definition "$revision"
    quietly aws ecs delete-task-definitions --task-definitions "$revision"
  done
done
for end in ecs-tasks alb; do
  for group in $(aws ec2 describe-security-groups --filters "Name=group-name,Values=$name-$end" --query 'SecurityGroups[].GroupId' --output text); do
    quietly aws ec2 delete-security-group --group-id "$group"
  done
done
quietly aws ecr delete-repository --repository-name "$name" --force
for bucket in $(aws s3api list-buckets --query "Buckets[?starts_with(Name, '$name-storage-')].Name" --output text); do
  # The run stores one small object and deletes it; the bucket keeps both versions.
  for kind in Versions DeleteMarkers; do
    aws s3api list-object-versions --bucket "$bucket" --query "$kind[].[Key, VersionId]" --output text |
      while read -r key version; do
        [ "$key" = None ] || quietly aws s3api delete-object --bucket "$bucket" --key "$key" --version-id "$version"
      done
  done
  quietly aws s3api delete-bucket --bucket "$bucket"
done
for role in "$name-ecs-task-execution-role" "$name-ecs-task-role"; do
  for policy in $(aws iam list-attached-role-policies --role-name "$role" --query 'AttachedPolicies[].PolicyArn' --output text 2>/dev/null); do
    quietly aws iam detach-role-policy --role-name "$role" --policy-arn "$policy"
  done
  for policy in $(aws iam list-role-policies --role-name "$role" --query 'PolicyNames[]' --output text 2>/dev/null); do
    quietly aws iam delete-role-policy --role-name "$role" --policy-name "$policy"
  done
  quietly aws iam delete-role --role-name "$role"
done
quietly aws ssm delete-parameters --names "/$name/jwt-secret" "/$name/s3-bucket-name" "/$name/app-config"
for group in "/ecs/$name" "/aws/ecs/$name/app" "/aws/ecs/containerinsights/$name-cluster/performance"; do
  quietly aws logs delete-log-group --log-group-name "$group"
done
# This lists what is left, and for some hours also what was deleted:
aws resourcegroupstaggingapi get-resources --tag-filters "Key=AcceptanceRun,Values=$name" \
  --query 'ResourceTagMappingList[].ResourceARN' --output text
