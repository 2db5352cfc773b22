#!/bin/bash
# unsafe: newest by name
AMI=$(aws ec2 describe-images --filters "Name=name,Values=ubuntu/images/*" --query 'sort_by(Images,&CreationDate)[-1].ImageId' --output text)
# unsafe: over several lines, filters in a variable
F="Name=name,Values=golden-*"
aws --region us-east-1 ec2 describe-images \
    --filters $F "Name=state,Values=available" \
    --query 'Images[0].ImageId'
# unsafe: jq
aws ec2 describe-images --filters Name=name,Values='al2023*' | jq -r '.Images|sort_by(.CreationDate)|last.ImageId'
# unsafe: drops the images with an alias, and so keeps only strangers'
aws ec2 describe-images --filters "Name=name,Values=*ubuntu-bionic-18.04-amd64*" | jq -r 'del(.[]|select(.ImageOwnerAlias != null))|.[-1].ImageId'
# info: lists names, takes none
aws ec2 describe-images --filters "Name=name,Values=ubuntu*" --query 'Images[*].Name' --output table
# forms that no stranger satisfies
aws ec2 describe-images --owners 099720109477 --filters "Name=name,Values=ubuntu/images/*" --query 'sort_by(Images,&CreationDate)[-1].ImageId'  # safe
aws ec2 describe-images --owners self amazon --filters "Name=name,Values=x*"  # safe
aws ec2 describe-images --filters "Name=owner-alias,Values=amazon" "Name=name,Values=al2023*"  # safe
aws ec2 describe-images --filter "Name=owner-id,Values=$OWNER" "Name=name,Values=al2023*"  # safe
aws ec2 describe-images --image-ids "$AMI"  # safe
aws ec2 describe-images --filters "Name=image-id,Values=$AMI"  # safe
aws ec2 describe-images --filters "Name=public-ssm-parameter-name,Values=/aws/service/ami-amazon-linux-latest/al2023-ami-kernel-default-x86_64"  # safe
aws ec2 describe-images --filters "Name=tag:Approved,Values=yes"  # safe
aws ssm get-parameter --name /aws/service/ami-amazon-linux-latest/al2023-ami-kernel-default-x86_64 --query Parameter.Value  # safe
# decoys: other services
aws ecr describe-images --repository-name app
aws ecr-public describe-images --repository-name app
aws appstream describe-images --names base
# weak: shared with me by anybody
aws ec2 describe-images --executable-users self --filters "Name=name,Values=golden-*" --query 'Images[0].ImageId'
