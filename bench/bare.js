// A bare @slack/bolt app that only acks, with its defaults: the second thing the bot's speed is held against.
const { App } = require('@slack/bolt');

const app = new App({
  token: process.env.SLACK_BOT_TOKEN,
  signingSecret: process.env.SLACK_SIGNING_SECRET,
  clientOptions: { slackApiUrl: process.env.SLACK_API_URL },
});
const onlyAck = async ({ ack }) => ack();
app.command('/confirm-safe', onlyAck);
app.action('approve', onlyAck);
app.start({ port: Number(process.argv[2]), host: '127.0.0.1' });
