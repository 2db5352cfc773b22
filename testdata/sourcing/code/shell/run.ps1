# safe
$id = aws ec2 describe-images --region $Region `
  --owners amazon `
  --filters "Name=name,Values=al2023-ami-*" --query "Images[0].ImageId"
