// Keeps the page right while it is open. Without this script it is what it was when it was fetched.

import { connect } from "./connection.js";
import { ready } from "./parts.js";
import { renewTimes } from "./times.js";

const RENEW = 5000;

document.documentElement.classList.add("scripted");
ready();
setInterval(renewTimes, RENEW);
connect();
