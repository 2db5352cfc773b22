# Further forms of the commands in cases.sh.
OWNER=099720109477
filters=("Name=name,Values=ubuntu/images/*" "Name=state,Values=available")
id=$(aws ec2 describe-images --filters "${filters[@]}" --query 'Images[0].ImageId') # unsafe, a list
id=$(aws ec2 describe-images --owners $OWNER --filters "${filters[@]}" --query 'Images[0].ImageId') # safe, a variable
id=$(aws ec2 describe-images --owner "${AMI_OWNER}" --filters "${filters[@]}" --query 'Images[0].ImageId') # unknown
id=$(aws ec2 describe-images --owner "${AMI_OWNER:-self}" --filters "${filters[@]}" --query 'Images[0].ImageId') # safe, a default
id=`aws ec2 describe-images --region $R --filters '[{"Name":"name","Values":["x-*"]}]' --output json | jq -r .Images[0].ImageId` # unsafe, JSON
id=$(aws ec2 describe-images --query "Images[?Description=='Amazon Linux 2'].ImageId" --output text) # unsafe, by the query
id=$(aws ec2 describe-images --filters "${filters[@]}" --query "Images[?OwnerId=='099720109477'] | [0].ImageId") # safe, by the query
state="$(aws "${PROFILE[@]}" --region "$R" ec2 describe-images --image-ids "$id" --query 'Images[0].State' --output text)" # safe
id=$(aws ec2 describe-images --owners "$(aws sts get-caller-identity --query Account --output text)" --filters "Name=name,Values=x*" --query 'Images[0].ImageId') # safe
aws ec2 describe-images "$@" --query 'Images[0].ImageId' # unknown
id=$(aws ec2 describe-images --filters Name=name,Values=exact-1.2.3 --query 'Images[*].ImageId') # pinned
id=$(aws ec2 describe-images --owners aws-marketplace --filters Name=name,Values='x*' --query 'Images[0].ImageId') # weak
# aws ec2 describe-images --filters Name=name,Values=comment
aws ec2 describe-images --dry-run # info
